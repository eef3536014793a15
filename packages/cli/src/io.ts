import type { ReadStream, WriteStream } from "node:tty";
import type { Environment, ProcessSignals } from "@tokenkeeper/core";

/** A stream to people or programs; at a terminal it has its size. */
export type Output = NodeJS.WritableStream & Partial<Pick<WriteStream, "isTTY" | "columns" | "rows">>;

/** All that a command has of the process around it. */
export interface Io {
  readonly stdin: Pick<ReadStream, "isTTY"> & NodeJS.ReadableStream;
  /** What was asked for, and nothing else. */
  readonly stdout: Output;
  /** Errors, questions, progress. */
  readonly stderr: Output;
  readonly env: Environment;
  readonly cwd: string;
  /** The user of the machine, who stands in the audit trail. */
  readonly user: string;
  readonly host: string;
  readonly signals: ProcessSignals;
  /** This machine's clock, epoch ms. */
  readonly now: () => number;
}
