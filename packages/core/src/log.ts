import { pino, type DestinationStream, type Logger } from "pino";
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
  /** @default standard output */
  readonly destination?: DestinationStream;
}

/**
 * Makes a process's log on standard output. An error is logged by its name and code alone: messages and stacks of
 * third parties carry URLs, arguments and bodies, and with them secrets.
 */
export function createLog({ name, level, pretty: people, destination }: LogOptions): Log {
  const safe = (value: unknown): unknown => (value instanceof Error ? errorFields(value) : value);
  const options = {
    name,
    level,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: {
      level: (label: string) => ({ level: label }),
      bindings: () => ({ name }),
      log: (fields: Record<string, unknown>) =>
        Object.values(fields).some((value) => value instanceof Error)
          ? Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, safe(value)]))
          : fields,
    },
    serializers: { err: safe, error: safe },
    hooks: {
      // Given an error and no message, pino would write the error's own.
      logMethod(this: Logger, args: unknown[], write: (...args: never[]) => void) {
        const [first, ...rest] = args;
        const given = first instanceof Error ? [{ err: first }, ...rest] : args;
        const unnamed = typeof given[0] === "object" && given.length === 1;
        write.apply(this, (unnamed ? [...given, "unnamed"] : given) as never[]);
      },
    },
  };
  if (!people) return destination ? pino(options, destination) : pino(options);
  const lines = { colorize: true, ignore: "name", messageFormat: `${name} · {msg}` };
  return pino(options, pretty({ ...lines, ...(destination && { destination }) }));
}

/** V8's header of a stack, up to the message: `TypeError [ERR_X]: `. */
const STACK_HEADER = /^[\w$.]+(?: \[\w+\])?(?:: )?/;
const FRAME = /^ {4}at (?:(?:async |new )*[\w$.<>#[\] ]+ \()?(?:node:|file:\/\/\/|\/|[A-Za-z]:\\)[^()\s]+:\d+:\d+\)?$/;
const MAX_FRAMES = 4;

/** What of an error may be logged: its kind and where it was thrown. Never its message, which may be of several lines. */
export function errorFields(error: unknown): { type: string; code?: string; frames?: string[] } {
  if (!(error instanceof Error)) return { type: typeof error };
  const type = /^[A-Za-z]{1,60}$/.test(error.name) ? error.name : "Error";
  const code = "code" in error && typeof error.code === "string" && /^[A-Z][A-Z0-9_]{1,59}$/.test(error.code);
  return { type, ...(code && { code: String(error.code) }), frames: framesOf(error) };
}

/** A message may itself hold lines that look like frames: only what follows the whole message is taken. */
function framesOf({ stack = "", message }: Error): string[] {
  const afterName = stack.replace(STACK_HEADER, "");
  if (!afterName.startsWith(`${message}\n`)) return [];
  const lines = afterName.slice(message.length + 1).split("\n");
  const end = lines.findIndex((line) => !FRAME.test(line));
  return lines.slice(0, end === -1 ? MAX_FRAMES : Math.min(end, MAX_FRAMES)).map((line) => line.trim());
}
