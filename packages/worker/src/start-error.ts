/** What stands in the way of a start. */
export type StartObstacle = "redis" | "port" | "policy";

/** A worker cannot start; the message says why and what to do. */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly obstacle: StartObstacle;

  constructor(obstacle: StartObstacle, message: string) {
    super(message);
    this.obstacle = obstacle;
  }
}
