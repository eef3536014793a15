// What happens to the Redis server and its data.
import { setTimeout as sleep } from "node:timers/promises";
import { controlKey } from "@tokenkeeper/shared/contract";
import type { Arena } from "../arena.ts";
import type { Fault, FaultResult } from "./fault.ts";

/** What Redis itself counts: `INFO` field by field. */
async function info(arena: Arena, section: string): Promise<ReadonlyMap<string, string>> {
  const text = await arena.redis.redis.info(section);
  const pairs = text.split("\r\n").filter((line) => line.includes(":"));
  return new Map(pairs.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
}

/** Which process answers. */
async function runId(arena: Arena): Promise<string | undefined> {
  return (await info(arena, "server")).get("run_id");
}

/** Ends the server in some way, and starts it again after a while. */
async function restarted(
  arena: Arena,
  { end, downMs }: { end: () => Promise<void>; downMs: number },
): Promise<FaultResult> {
  const before = await runId(arena);
  await end();
  await sleep(downMs);
  await arena.redis.start();
  return { took: (await runId(arena)) !== before, detail: `down for ${downMs} ms and more` };
}

/** Does something for a while and counts the commands that Redis refused meanwhile. */
async function refusedWhile(
  arena: Arena,
  change: { begin: () => Promise<unknown>; end: () => Promise<unknown>; ms: number },
): Promise<FaultResult> {
  await arena.redis.redis.config("RESETSTAT");
  await change.begin();
  await sleep(change.ms);
  await change.end();
  const errors = await info(arena, "errorstats");
  const names = [...errors].filter(([name]) => /OOM|READONLY/.test(name)).map(([name, count]) => `${name} ${count}`);
  return { took: names.length > 0, detail: names.join(", ") || "nothing was refused" };
}

export const REDIS_FAULTS: readonly Fault[] = [
  {
    kind: "redis restart",
    lane: "storage",
    inject: (arena, random) => restarted(arena, { end: () => arena.redis.stop(), downMs: random.between(100, 1_500) }),
  },
  {
    kind: "redis kill -9",
    lane: "storage",
    losesWrites: true,
    inject: (arena, random) => restarted(arena, { end: () => arena.redis.kill9(), downMs: random.between(100, 1_000) }),
  },
  {
    kind: "redis rollback",
    lane: "storage",
    losesWrites: true,
    async inject(arena, random) {
      // Something is to be lost: what is committed after the copy.
      const due = random.pick(arena.credentials.filter(({ account }) => account.healthy));
      const key = controlKey({ account: due.account.appId, kind: due.kind });
      const committed = (): Promise<string | null> => arena.redis.redis.hget(key, "committed_generation");
      await arena.redis.backUp();
      const copied = await committed();
      await arena.makeDue(due);
      await sleep(random.between(1_500, 2_500));
      const lost = await committed();
      await arena.redis.stop();
      await arena.redis.restore();
      await arena.redis.start();
      return { took: lost !== copied, detail: `back over a commit of ${due.id}` };
    },
  },
  {
    kind: "FLUSHALL",
    lane: "storage",
    losesWrites: true,
    wipes: true,
    async inject(arena) {
      await arena.keepDump();
      const keys = await arena.redis.redis.dbsize();
      await arena.redis.redis.flushall();
      return { took: keys > arena.credentials.length, detail: `${keys} keys` };
    },
  },
  {
    kind: "SCRIPT FLUSH",
    lane: "storage",
    async inject(arena) {
      const scripts = Number((await info(arena, "memory")).get("number_of_cached_scripts"));
      await arena.redis.redis.script("FLUSH");
      return { took: scripts > 0, detail: `${scripts} scripts` };
    },
  },
  {
    kind: "redis read-only",
    lane: "storage",
    async inject(arena) {
      const { redis } = arena.redis;
      return refusedWhile(arena, {
        begin: () => redis.call("REPLICAOF", "127.0.0.1", "1"),
        end: () => redis.call("REPLICAOF", "NO", "ONE"),
        ms: 2_500,
      });
    },
  },
  {
    kind: "redis out of memory",
    lane: "storage",
    async inject(arena) {
      const { redis } = arena.redis;
      return refusedWhile(arena, {
        begin: () => redis.config("SET", "maxmemory", "1"),
        end: () => redis.config("SET", "maxmemory", "0"),
        ms: 2_500,
      });
    },
  },
];
