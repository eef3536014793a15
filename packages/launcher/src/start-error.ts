// Why a start cannot go on, in one sentence for the person at the terminal.

/** Process exit codes (design §7). */
export const EXIT = { failed: 1, unavailable: 69, configuration: 78 } as const;

/** Ends the start: `message` says what happened and what to do, `exitCode` is the process exit code. */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}
