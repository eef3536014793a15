// What happens to worker processes.
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../support/eventually.ts";
import type { Arena } from "../arena.ts";
import type { InterceptedReply } from "../fault-proxy.ts";
import type { Slot } from "../fleet.ts";
import type { ChaosCredential } from "../population.ts";
import type { Random } from "../random.ts";
import type { Fault, FaultResult } from "./fault.ts";

/** Longer than the compressed lease of 3 s. */
const PAUSE_MS = 4_000;
const PATIENCE_MS = 5_000;

interface Caught {
  readonly slot: Slot;
  readonly credential: ChaosCredential;
  readonly reply: InterceptedReply;
}

/** Catches a worker that fetches a token of this mode; tries twice, because the fault of the other lane may delay it. */
async function catchIssue(arena: Arena, random: Random, mode: "classic" | "stable"): Promise<Caught | undefined> {
  return (await catchOnce(arena, random, mode)) ?? catchOnce(arena, random, mode);
}

/** Makes a token due and catches the worker that fetches it at the moment at which WeChat has answered. */
async function catchOnce(arena: Arena, random: Random, mode: "classic" | "stable"): Promise<Caught | undefined> {
  const credential = random.pick(
    (await arena.unscathed.find()).filter(({ account, kind }) => account.token === mode && kind === "access_token"),
  );
  arena.unscathed.mark(credential);
  const { appId } = credential.account;
  const asks = (request: string): boolean =>
    request.includes(`appid=${appId}`) || request.includes(`"appid":"${appId}"`);
  const waiting = new AbortController();
  const caught = arena.fleet.slots.map(async (slot): Promise<Caught | undefined> => {
    const reply = await slot.edge.intercept(asks, waiting.signal);
    return reply && { slot, credential, reply };
  });
  await arena.makeDue(credential);
  const giveUp = setTimeout(() => waiting.abort(), PATIENCE_MS);
  const first = await Promise.race([...caught, Promise.all(caught).then(() => undefined)]);
  clearTimeout(giveUp);
  waiting.abort();
  return first;
}

async function killAfterIssue(arena: Arena, random: Random, mode: "classic" | "stable"): Promise<FaultResult> {
  await arena.wechat.poll();
  const before = arena.wechat.events.length;
  const caught = await catchIssue(arena, random, mode);
  if (!caught) return { took: false, detail: "nobody fetched" };
  const { slot, credential, reply } = caught;
  await slot.end("SIGKILL");
  reply.drop();
  await arena.wechat.poll();
  const fetched = arena.wechat.events
    .slice(before)
    .some(({ appId, call, errcode }) => appId === credential.account.appId && call.includes("token") && errcode === 0);
  return { took: fetched, detail: `${slot.name} after ${credential.id}` };
}

/** One that runs; there is always one more that runs, so that somebody can take over. */
async function startedSlot(arena: Arena, random: Random): Promise<Slot> {
  const started = (): Slot[] => arena.fleet.slots.filter((slot) => slot.isStarted());
  const requireTwo = (): void => {
    if (started().length < 2) throw new Error(`${started().length} workers run`);
  };
  await eventually(requireTwo, { what: "two workers to run", timeoutMs: 20_000 });
  return random.pick(started());
}

async function pause(slot: Slot): Promise<FaultResult> {
  const { current } = slot;
  current.signal("SIGSTOP");
  await sleep(PAUSE_MS);
  current.signal("SIGCONT");
  return { took: current.isRunning(), detail: `${slot.name} for ${PAUSE_MS} ms` };
}

export const WORKER_FAULTS: readonly Fault[] = [
  {
    kind: "worker kill -9",
    lane: "work",
    async inject(arena, random) {
      const slot = await startedSlot(arena, random);
      const { current } = slot;
      await slot.end("SIGKILL");
      return { took: (await current.ended).signal === "SIGKILL", detail: slot.name };
    },
  },
  {
    kind: "worker kill -9 after a classic token was issued",
    lane: "work",
    inject: (arena, random) => killAfterIssue(arena, random, "classic"),
  },
  {
    kind: "worker kill -9 after a stable token was issued",
    lane: "work",
    inject: (arena, random) => killAfterIssue(arena, random, "stable"),
  },
  {
    kind: "worker SIGTERM",
    lane: "work",
    async inject(arena, random) {
      const slot = await startedSlot(arena, random);
      const { current } = slot;
      const from = performance.now();
      await slot.end("SIGTERM");
      const { code } = await current.ended;
      const took = Math.round(performance.now() - from);
      return { took: code === 0, detail: `${slot.name} ended with ${code} in ${took} ms` };
    },
  },
  {
    kind: "worker SIGSTOP",
    lane: "work",
    pauses: true,
    inject: async (arena, random) => pause(await startedSlot(arena, random)),
  },
  {
    kind: "worker SIGSTOP after a reply",
    lane: "work",
    pauses: true,
    async inject(arena, random) {
      const caught = await catchIssue(arena, random, "classic");
      if (!caught) return { took: false, detail: "nobody fetched" };
      const paused = pause(caught.slot);
      caught.reply.release();
      return paused;
    },
  },
];
