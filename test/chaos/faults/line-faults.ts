// What happens between Redis and those who use it.
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { COMMIT } from "../../../packages/worker/src/store/scripts.ts";
import { BASE_LATENCY } from "../arena.ts";
import type { Fault } from "./fault.ts";

const COMMIT_HASH = createHash("sha1").update(COMMIT).digest("hex");

export const LINE_FAULTS: readonly Fault[] = [
  {
    kind: "connections reset",
    lane: "storage",
    async inject({ line }) {
      const count = line.resetPeers();
      return { took: count > 0, detail: `${count} connections` };
    },
  },
  {
    kind: "redis unreachable",
    lane: "storage",
    async inject({ line }, random) {
      const ms = random.between(1_000, 2_500);
      const count = await line.down();
      await sleep(ms);
      await line.up();
      return { took: count > 0, detail: `${count} connections, ${ms} ms` };
    },
  },
  {
    kind: "redis silent",
    lane: "storage",
    async inject({ line }, random) {
      const ms = random.between(1_000, 2_000);
      line.set({ timeout: true });
      await sleep(ms);
      line.set(BASE_LATENCY);
      // What was swallowed never comes: the connections are of no use any more.
      const count = line.resetPeers();
      return { took: count > 0, detail: `${count} connections, ${ms} ms` };
    },
  },
  {
    kind: "slow and sliced",
    lane: "storage",
    async inject({ line }) {
      line.set({ latency: { ms: 5, jitter: 25 }, slicer: 200 });
      await sleep(2_500);
      line.set(BASE_LATENCY);
      return { took: true, detail: "pieces of 200 bytes" };
    },
  },
  {
    kind: "commit reply lost",
    lane: "storage",
    async inject(arena, random) {
      const { line } = arena;
      const due = random.pick((await arena.unscathed.find()).filter(({ kind }) => kind === "access_token"));
      const waiting = line.intercept((request) => request.includes(COMMIT_HASH), AbortSignal.timeout(4_000));
      await arena.makeDue(due);
      const reply = await waiting;
      reply?.drop();
      return { took: reply !== undefined, detail: `${due.id} was made due` };
    },
  },
];
