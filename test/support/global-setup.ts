// Before any test: a Redis server and a Chromium are on this machine, and what skews clocks where it can be had.
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { findChromium, findRedisServer } from "@tokenkeeper/launcher";
import { findFaketime } from "../chaos/faketime.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Path of a redis-server or valkey-server. */
    redisServer: string;
    /** Path of a Chromium or Chrome. */
    chromium: string;
    /** Path of libfaketime, where this machine can have one. */
    faketime: string | undefined;
  }
}

export async function setup(project: TestProject): Promise<void> {
  const found = {
    env: process.env,
    say: (line: string) => console.log(line),
    asRoot: process.getuid?.() === 0,
    cacheFolder: join(import.meta.dirname, "../../.tokenkeeper/cache"),
  };
  project.provide("redisServer", await findRedisServer(found));
  project.provide("chromium", await findChromium(found));
  project.provide("faketime", await findFaketime(found));
}
