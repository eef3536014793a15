import { connectFleet, type FleetConnection } from "./fleet-connection.ts";
import { findRedis } from "./find-redis.ts";
import type { Io } from "./io.ts";
import { createPaint, type Paint } from "./paint.ts";
import { TEXTS, type Language, type Texts } from "./texts.ts";

/** What a command works with. */
export interface Session {
  readonly io: Io;
  readonly language: Language;
  readonly texts: Texts;
  readonly paint: Paint;
  /** A line or more to standard output. */
  readonly print: (text: string) => void;
  /** The same as JSON, for programs. */
  readonly printJson: (value: unknown) => void;
  /** A line or more to standard error. */
  readonly note: (text: string) => void;
  /**
   * The fleet's Redis, connected once for the command.
   * @throws CliError when none is named. Rejects with UnavailableError when it does not answer.
   */
  readonly fleet: () => Promise<FleetConnection>;
  close(): Promise<void>;
}

/** A session connects to nothing before it is asked to. */
export function createSession(io: Io, language: Language): Session {
  const texts = TEXTS[language];
  let connecting: Promise<FleetConnection> | undefined;
  const write = (stream: NodeJS.WritableStream, text: string): void => void stream.write(`${text}\n`);
  return {
    io,
    language,
    texts,
    paint: createPaint(io.stdout),
    print: (text) => write(io.stdout, text),
    printJson: (value) => write(io.stdout, JSON.stringify(value, undefined, 2)),
    note: (text) => write(io.stderr, text),
    fleet: () => (connecting ??= Promise.resolve().then(() => connectFleet(findRedis(io, texts)))),
    async close() {
      const connection = await connecting?.catch(() => undefined);
      await connection?.close();
    },
  };
}
