import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../support/eventually.ts";
import { startArena, type Arena } from "./arena.ts";
import { ALL_FAULTS } from "./faults/all-faults.ts";
import { gather } from "./gather.ts";
import { judge, type Judgement } from "./judge/judge.ts";
import type { Evidence } from "./judge/evidence.ts";
import { runFaults } from "./lanes.ts";
import { createPopulation } from "./population.ts";
import type { Program } from "./program.ts";
import { seededRandom } from "./random.ts";
import { parseReaderLines } from "./reader-log.ts";
import { allAccepted, createSampler, healthyIds } from "./sampler.ts";

/** How a run is made. */
export interface ChaosOptions {
  readonly seed: number;
  /** From the moment at which all healthy credentials are there. */
  readonly seconds: number;
  /** Business calls of each of the 4 apps. */
  readonly callsPerSecond: number;
  /** Path of a redis-server. */
  readonly redisServer: string;
  /** Path of libfaketime; without it the workers' clocks are all right. */
  readonly faketime: string | undefined;
  /** Whether every kind of fault must have taken effect. A short run only begins some of them. */
  readonly everyKind: boolean;
  readonly say: (line: string) => void;
}

/** A run and what it came to. */
export interface ChaosRun {
  readonly evidence: Evidence;
  readonly judgement: Judgement;
}

const READERS = 4;
/** The last faults must be over and what they left settled: 6 to 9 s compressed. */
const QUIET_MS = 10_000;
/** 90 s compressed. */
const SKEWS = [0, 9, -9];
/** HTTP deadline and commit of an attempt that has just begun. */
const LAST_ATTEMPT_MS = 2_000;
const FOREIGN_EVERY_MS = 3_000;
const WARM_ACCOUNTS = createPopulation().accounts.length;

/** Runs workers, readers and faults against each other, then judges what was written down. */
export async function runChaos(options: ChaosOptions): Promise<ChaosRun> {
  const { seed, seconds, redisServer, faketime, everyKind, say } = options;
  const random = seededRandom(seed);
  await using arena = await startArena({ redisServer, faketime, random: random.fork(), skews: SKEWS });
  const sampler = createSampler(arena);
  const healthy = healthyIds(arena.credentials);
  await eventually(
    async () => {
      const sample = await sampler.take();
      if (!sample || !allAccepted(sample, healthy)) throw new Error("some credential is not there yet");
    },
    { what: "every healthy credential to be there", timeoutMs: 60_000 },
  );
  say(`seed ${seed}: ${healthy.size} healthy credentials are there, chaos for ${seconds} s`);
  sampler.start();
  const loop = monitorEventLoopDelay({ resolution: 10 });
  loop.enable();
  const readers = arena.startReaders(READERS, options.callsPerSecond);
  const foreign = keepFetchingElsewhere(arena);
  await eventually(() => requireWarm(readers), { what: "every app to have every token", timeoutMs: 30_000 });
  const from = Date.now();
  const forMs = Math.max(0, seconds * 1_000 - QUIET_MS - (Date.now() - from));
  const faults = await runFaults({ arena, faults: ALL_FAULTS, random: random.fork(), forMs, say });
  say("the faults are over");
  clearInterval(foreign);
  await sleep(Math.max(QUIET_MS, from + seconds * 1_000 - Date.now()));
  for (const reader of readers) reader.signal("SIGTERM");
  await Promise.all(readers.map(({ ended }) => ended));
  loop.disable();
  await sampler.stop();
  await sampler.take();
  const to = Date.now();
  // What has begun by now is to be in the workers' logs.
  await sleep(LAST_ATTEMPT_MS);
  const stallMs = loop.percentile(99) / 1e6;
  const callsPerSecond = READERS * options.callsPerSecond;
  const evidence = await gather({ arena, sampler, readers, faults, seed, from, to, callsPerSecond, stallMs });
  const kinds = everyKind ? ALL_FAULTS.map(({ kind }) => kind) : [];
  return { evidence, judgement: judge(evidence, { kinds }) };
}

/** What an app has never seen cannot be served from its memory. */
function requireWarm(readers: readonly Program[]): void {
  for (const { lines } of readers) {
    const served = new Set(parseReaderLines(lines.map(({ text }) => text)).map(({ account }) => account));
    if (served.size < WARM_ACCOUNTS) throw new Error(`an app has asked for ${served.size} accounts`);
  }
}

function keepFetchingElsewhere({ accounts, wechat }: Arena): NodeJS.Timeout {
  const taken = accounts.filter(({ foreign }) => foreign);
  return setInterval(() => {
    for (const { appId } of taken) wechat.foreignFetch(appId, "classic").catch(() => undefined);
  }, FOREIGN_EVERY_MS);
}
