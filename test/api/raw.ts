// Requests byte by byte: what no HTTP client would send.
import { connect } from "node:net";

export interface RawAnswer {
  /** 0 when the connection was closed without an answer. */
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** How many answers came. */
  readonly answers: number;
}

/** Sends the bytes on a connection of their own and reads until the server closes it. Lines end with CR LF. */
export function sendRaw(url: string, request: string): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  const socket = connect(Number(port), hostname, () => socket.write(request));
  let received = "";
  socket.setTimeout(30_000, () => socket.destroy(new Error("the server neither answered nor closed")));
  socket.on("data", (chunk: Buffer) => (received += chunk.toString("latin1")));
  // A server that closes before it has read everything resets the connection; what it answered still counts.
  socket.on("error", (error) => (received ? resolve(parse(received)) : reject(error)));
  socket.on("close", () => resolve(parse(received)));
  return promise;
}

function parse(received: string): RawAnswer {
  const [head = "", ...rest] = received.split("\r\n\r\n");
  const [statusLine = "", ...lines] = head.split("\r\n");
  const headers = lines.map((line) => {
    const [name = "", ...value] = line.split(":");
    return [name.toLowerCase(), value.join(":").trim()] as const;
  });
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1] ?? 0),
    headers: Object.fromEntries(headers),
    body: rest.join("\r\n\r\n"),
    answers: received.split("HTTP/1.1 ").length - 1,
  };
}
