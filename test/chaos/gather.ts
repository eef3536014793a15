import { setTimeout as sleep } from "node:timers/promises";
import { controlKey, credentialId, type CredentialKind } from "@tokenkeeper/shared/contract";
import type { Arena } from "./arena.ts";
import type { FaultRecord } from "./faults/fault.ts";
import type { Evidence, QueueEvidence, WorkerLine } from "./judge/evidence.ts";
import type { Program } from "./program.ts";
import { parseReaderLines } from "./reader-log.ts";
import { dumpKeys } from "./redis-dump.ts";
import type { Sampler } from "./sampler.ts";

/** What is known when the last look has been taken. */
export interface GatherInput {
  readonly arena: Arena;
  readonly sampler: Sampler;
  readonly readers: readonly Program[];
  readonly faults: readonly FaultRecord[];
  readonly seed: number;
  /** Epoch ms. */
  readonly from: number;
  readonly to: number;
  readonly callsPerSecond: number;
  readonly stallMs: number;
}

/** Collects everything that was written down. The processes still run. */
export async function gather(input: GatherInput): Promise<Evidence> {
  const { arena, sampler, readers, seed, from, to, callsPerSecond, stallMs } = input;
  const queues = await queueEvidence(arena);
  // The lines first: what they tell of is then in WeChat's log.
  const workers = workerLines(arena);
  await arena.wechat.poll();
  const outputs = [
    ...arena.fleet.slots.flatMap(({ name, programs }) =>
      programs.map((program) => ({ place: `the output of ${name}`, text: textOf(program) })),
    ),
    ...readers.map((program, index) => ({ place: `the output of reader ${index}`, text: textOf(program) })),
    ...arena.dumps.map((text) => ({ place: "keys that are no records", text })),
    { place: "keys at the end", text: await dumpKeys(arena.redis.redis) },
  ];
  return {
    seed,
    from,
    to,
    credentials: arena.credentials,
    faults: [...input.faults, ...standingFaults(input, workers)].toSorted((a, b) => a.from - b.from),
    wechat: arena.wechat.events,
    workers,
    calls: readers.flatMap(({ lines }) => parseReaderLines(lines.map(({ text }) => text))),
    samples: sampler.samples,
    forced: arena.forced,
    kills: arena.fleet.kills,
    unexpectedEnds: arena.fleet.unexpectedEnds,
    queues,
    outputs,
    canaries: [...arena.secrets, ...sampler.values, arena.redis.password],
    callsPerSecond,
    stallMs,
    skipped: arena.fleet.slots.some(({ skewSeconds }) => skewSeconds !== 0) ? [] : ["clock skew"],
  };
}

function textOf({ lines }: Program): string {
  return lines.map(({ text }) => text).join("\n");
}

function workerLines({ fleet }: Arena): WorkerLine[] {
  const lines = fleet.slots.flatMap(({ name, programs }) =>
    programs.flatMap((program) => program.lines.map((line) => ({ ...line, worker: name }))),
  );
  return lines
    .flatMap(({ at, text, worker }): WorkerLine[] => {
      if (!text.startsWith('{"')) return [];
      const { msg, level, ...fields } = JSON.parse(text) as { msg: string; level: string };
      return [{ at, worker, msg, level, fields }];
    })
    .toSorted((a, b) => a.at - b.at);
}

const REFUSALS = [45009, 40164, 40125, 50002, 40243];

/** What goes wrong all the time. */
function standingFaults({ arena, from, to }: GatherInput, workers: readonly WorkerLine[]): FaultRecord[] {
  const always = { lane: "work", losesWrites: false, wipes: false, pauses: false, standing: true, from, to } as const;
  const skewed = arena.fleet.slots.filter(({ skewSeconds }) => skewSeconds !== 0);
  const shown = skewed.filter(({ name, skewSeconds }) =>
    workers.some(({ worker, at, fields }) => {
      const ahead = Date.parse(String(fields["time"])) - at;
      return worker === name && Math.abs(ahead - skewSeconds * 1_000) < 3_000;
    }),
  );
  const refusals = REFUSALS.filter((code) => arena.wechat.events.some(({ errcode }) => errcode === code));
  const foreign = arena.wechat.events.filter((event) => event.foreign).length;
  return [
    ...(skewed.length === 0
      ? []
      : [
          {
            ...always,
            kind: "clock skew",
            took: shown.length === skewed.length,
            detail: shown.map(({ name, skewSeconds }) => `${name} ${skewSeconds} s`).join(", "),
          },
        ]),
    { ...always, kind: "dead accounts", took: refusals.length === REFUSALS.length, detail: refusals.join(", ") },
    { ...always, kind: "an account fetched by others", took: foreign > 0, detail: `${foreign} fetches` },
  ];
}

/** A sweep adds what has no job every second. */
const LOOKS = 6;
const BETWEEN_LOOKS_MS = 1_000;
/** A worker whose clock is ahead takes a job that much early, drops it, and the next sweep adds it again. */
const EARLY_MS = 10_000;

/** Looks until no job is missing, or long enough to know that none will come. */
async function queueEvidence(arena: Arena): Promise<QueueEvidence> {
  const { refreshQueue, scheduleQueue, redis } = arena;
  let missing = await withoutJob(arena);
  for (let look = 1; look < LOOKS && missing.length > 0; look += 1) {
    await sleep(BETWEEN_LOOKS_MS);
    // Another one may have been refreshed a moment ago: only what lacks a job at every look is lost.
    const lacking = new Set(await withoutJob(arena));
    missing = missing.filter((id) => lacking.has(id));
  }
  const schedulers = await scheduleQueue.getJobSchedulers(0, -1);
  return {
    withoutJob: missing,
    schedulers: schedulers.map(({ key, next }) => ({ id: key, next: next ?? 0 })),
    failed: await refreshQueue.getFailedCount(),
    events: await redis.redis.xlen(refreshQueue.toKey("events")),
  };
}

/** The healthy credentials that are planned, not too soon, and have no job for it. */
async function withoutJob({ refreshQueue, redis, credentials }: Arena): Promise<string[]> {
  const jobs = await refreshQueue.getJobs(["delayed", "waiting", "active", "prioritized"]);
  const planned = new Set(
    jobs.flatMap((job) => {
      const data = job?.data as { account: string; kind: CredentialKind } | undefined;
      return data ? [credentialId(data)] : [];
    }),
  );
  const lacking = credentials.filter(({ id, account }) => account.healthy && !planned.has(id));
  const plans = await Promise.all(
    lacking.map(({ account, kind }) => redis.redis.hget(controlKey({ account: account.appId, kind }), "plan_at")),
  );
  return lacking.flatMap(({ id }, index) => (Number(plans[index]) > Date.now() + EARLY_MS ? [id] : []));
}
