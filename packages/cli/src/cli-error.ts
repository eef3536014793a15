/** A command cannot go on. The message says in our own words what happened and what to do. */
export class CliError extends Error {
  override readonly name = "CliError";
  /** How the process ends. */
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}
