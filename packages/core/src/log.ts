import { pino, stdSerializers, type Logger } from "pino";
import pretty from "pino-pretty";

/** A logger with our field names; JSON lines, pretty on a terminal. */
export type Log = Logger;

/** How a log is made. */
export interface LogOptions {
  /** Which process writes: `worker`, `dashboard`. */
  readonly name: string;
  readonly level: string;
  /** Whether people read along: a terminal instead of a collector. */
  readonly pretty: boolean;
}

/**
 * Makes a process's log on standard output. An error is logged by its name and code alone: messages and stacks of
 * third parties carry URLs, arguments and bodies, and with them secrets.
 */
export function createLog({ name, level, pretty: people }: LogOptions): Log {
  const options = {
    name,
    level,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }), bindings: () => ({ name }) },
    serializers: { ...stdSerializers, err: errorFields },
  };
  return people
    ? pino(options, pretty({ colorize: true, ignore: "name", messageFormat: `${name} · {msg}` }))
    : pino(options);
}

/** What of an error may be logged: its kind and where it was thrown. */
export function errorFields(error: unknown): { type: string; code?: string; frames?: string[] } {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  const frames = (error.stack ?? "")
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 4);
  return { type: error.name, ...(code !== undefined && { code }), frames: frames.map((line) => line.trim()) };
}
