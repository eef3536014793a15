// What a Redis is asked, as MONITOR tells it. By a socket: ioredis takes a line that comes together with the first answer for an error.
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";

/** One command that Redis was sent. */
export interface SeenCommand {
  /** Lower case. */
  readonly name: string;
  /** The first argument, if there is one. */
  readonly key: string | undefined;
  /** Whether a script called it. */
  readonly byScript: boolean;
}

const LINE = /^\+[\d.]+ \[\d+ (?<source>[^\]]+)\] "(?<name>[^"]*)"(?: "(?<key>[^"]*)")?/;

/** @param onCommand called for each command from when this resolves. @returns what ends it. */
export async function monitorRedis(url: string, onCommand: (seen: SeenCommand) => void): Promise<Disposable> {
  const { hostname, port, username, password } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  const lines = createInterface({ input: socket });
  const auth = password === "" ? "" : `AUTH ${username === "" ? "default" : username} ${password}\r\n`;
  const answers = auth === "" ? 1 : 2;
  const begun = Promise.withResolvers<void>();
  let answered = 0;
  lines.on("line", (line) => {
    if (answered < answers) {
      if (line !== "+OK") begun.reject(new Error("Redis does not let this test see its commands"));
      answered += 1;
      if (answered === answers) begun.resolve();
      return;
    }
    const { source, name = "", key } = LINE.exec(line)?.groups ?? {};
    onCommand({ name: name.toLowerCase(), key, byScript: source === "lua" });
  });
  socket.write(`${auth}MONITOR\r\n`);
  await begun.promise;
  return { [Symbol.dispose]: () => void socket.destroy() };
}
