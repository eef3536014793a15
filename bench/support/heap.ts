import { join } from "node:path";
import { startChild } from "./child.ts";

/** What the process says. */
export interface HeapMessage {
  /** For one credential. */
  readonly bytes: number;
}

/** @returns bytes of heap that a token client holds for one credential, its value included, when it has read `count` of them. */
export async function bytesPerCredential(redisUrl: string, count: number): Promise<number> {
  const file = join(import.meta.dirname, "heap-main.ts");
  await using child = startChild<HeapMessage>({ file, args: [redisUrl, String(count)], nodeArgs: ["--expose-gc"] });
  return (await child.next()).bytes;
}
