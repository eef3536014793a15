/** Ends the start: `message` says what happened and what to do, `exitCode` is the process exit code. */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}
