// Looks at whatever listens on a Redis URL.
import { Redis } from "ioredis";
import { errorCode } from "./error-code.ts";

export type RedisProbe =
  /** Nothing listens there. */
  | { readonly type: "absent" }
  /** A Redis that let us in: its data folder and process id. */
  | { readonly type: "redis"; readonly folder: string; readonly pid: number }
  /** Something that is no Redis, or one that refuses us. */
  | { readonly type: "foreign" }
  /** Something accepted the connection and did not answer in time. */
  | { readonly type: "silent" };

/** Connects to `url`, waits at most `timeoutMs` for a Redis that has loaded its data, and says what is there. */
export async function probeRedis(url: string, timeoutMs: number): Promise<RedisProbe> {
  const client = new Redis(url, { protocol: 2, lazyConnect: true, retryStrategy: null, maxRetriesPerRequest: 0 });
  let refused = false;
  client.on("error", (error) => {
    refused ||= errorCode(error) === "ECONNREFUSED";
  });
  const look = async (): Promise<RedisProbe> => {
    try {
      await client.connect();
      const [, folder = ""] = await client.config("GET", "dir");
      const pid = Number(/^process_id:(\d+)/m.exec(await client.info("server"))?.[1]);
      return { type: "redis", folder, pid };
    } catch {
      return { type: refused ? "absent" : "foreign" };
    }
  };
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<RedisProbe>((resolve) => {
    timer = setTimeout(() => resolve({ type: "silent" }), timeoutMs);
  });
  try {
    return await Promise.race([look(), silence]);
  } finally {
    clearTimeout(timer);
    client.disconnect();
  }
}
