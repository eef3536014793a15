// What happens to worker processes.
import { setTimeout as sleep } from "node:timers/promises";
import type { Arena } from "../arena.ts";
import type { InterceptedReply } from "../fault-proxy.ts";
import type { Slot } from "../fleet.ts";
import type { ChaosCredential } from "../population.ts";
import type { Random } from "../random.ts";
import type { Fault, FaultResult } from "./fault.ts";

/** Longer than the compressed lease of 3 s. */
const PAUSE_MS = 4_000;
const PATIENCE_MS = 8_000;

interface Caught {
  readonly slot: Slot;
  readonly credential: ChaosCredential;
  readonly reply: InterceptedReply;
}

/** Makes a token of this mode due and catches the worker that fetches it at the moment at which WeChat has answered. */
async function catchIssue(arena: Arena, random: Random, mode: "classic" | "stable"): Promise<Caught | undefined> {
  const credential = random.pick(
    arena.credentials.filter(
      ({ account, kind }) => account.healthy && account.token === mode && kind === "access_token",
    ),
  );
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
  const issued = (await arena.wechat.poll()).length;
  const caught = await catchIssue(arena, random, mode);
  if (!caught) return { took: false, detail: "nobody fetched" };
  const { slot, credential, reply } = caught;
  await slot.end("SIGKILL");
  reply.drop();
  await arena.wechat.poll();
  const event = arena.wechat.events.findLast(({ appId }) => appId === credential.account.appId);
  await slot.started();
  return { took: event !== undefined && issued >= 0, detail: `${slot.name} after ${credential.id}` };
}

function startedSlot(arena: Arena, random: Random): Slot {
  const started = arena.fleet.slots.filter((slot) => slot.isStarted());
  return random.pick(started.length > 0 ? started : arena.fleet.slots);
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
      const slot = startedSlot(arena, random);
      const { pid } = slot.current;
      await slot.end("SIGKILL");
      await slot.started();
      return { took: slot.current.pid !== pid, detail: slot.name };
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
      const slot = startedSlot(arena, random);
      const { current } = slot;
      const from = performance.now();
      await slot.end("SIGTERM");
      const { code } = await current.ended;
      const took = Math.round(performance.now() - from);
      await slot.started();
      return { took: code === 0, detail: `${slot.name} ended with ${code} in ${took} ms` };
    },
  },
  {
    kind: "worker SIGSTOP",
    lane: "work",
    pauses: true,
    inject: (arena, random) => pause(startedSlot(arena, random)),
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
