// A whole model: one Redis, one WeChat, workers, apps, and the faults that strike them.
import { createDurations, createLog, secretOf, type Account } from "@tokenkeeper/core";
import { type CredentialRef } from "@tokenkeeper/shared/contract";
import { seededRandom } from "../../packages/simulator/src/testing/seeded-random.ts";
import { createCredentials } from "../../packages/worker/src/credentials.ts";
import type { Decision } from "../../packages/worker/src/decide/decide.ts";
import type { RefreshReason } from "../../packages/worker/src/decide/state.ts";
import { officialAccountFamily } from "../../packages/worker/src/families/official-account/official-account.ts";
import type { AppMessage } from "../../packages/worker/src/intake/stream.ts";
import { startApp, type AppCall } from "./app.ts";
import { isAtStake, type Assumptions } from "./assumptions.ts";
import { createAudit, type Audit } from "./audit.ts";
import { connectStore, createConnection, type Send } from "./connection.ts";
import { createEdge } from "./edge.ts";
import type { Design } from "./designs.ts";
import type { Fault, FetchFault, Point, Scenario, WorldFault } from "./faults.ts";
import { createFlights, type Flights } from "./flights.ts";
import { createProcess, type Process } from "./process.ts";
import { createModelQueue } from "./queue.ts";
import { createServer, type Server } from "./server.ts";
import { createTimeline, type Timeline } from "./timeline.ts";
import { createWechat, type Wechat } from "./wechat.ts";
import { startWorker, type ModelWorker } from "./worker.ts";

/** What a run works with and leaves behind. */
export interface World {
  readonly timeline: Timeline;
  readonly server: Server;
  readonly wechat: Wechat;
  readonly audit: Audit;
  readonly flights: Flights;
  readonly credentials: readonly CredentialRef[];
  readonly accounts: readonly Account[];
  readonly calls: AppCall[];
  readonly attempts: { credential: CredentialRef; reason: RefreshReason; outcome?: string }[];
  readonly struck: { at: number; fault: Fault; worker?: string }[];
  readonly violations: string[];
  /** From then on, ms after the start, no fault is at work any more. */
  readonly aftermathFrom: number;
  readonly planners: Scenario["planners"];
  /** What a living worker would decide now. */
  decisions(): Promise<Decision[]>;
  run(ms: number): Promise<void>;
}

/** What a world is made of. */
export interface WorldOptions {
  readonly scenario: Scenario;
  /** Which faults may strike. */
  readonly assumptions: (now: () => number, classic: readonly string[]) => Assumptions;
  readonly design: Design;
  /** No fault strikes later, ms after the start. */
  readonly faultsUntil: number;
}

const START = Date.UTC(2026, 0, 5, 2);
const LOG = createLog({ name: "model", level: "silent", pretty: false, destination: { write: () => {} } });
const FETCH_FAULTS = new Set(["late", "lost_reply", "hang", "truncated", "reset", "busy", "bad_gateway", "slow"]);

export function createWorld({ scenario, assumptions, design, faultsUntil }: WorldOptions): World {
  const random = seededRandom(scenario.seed);
  const timeline = createTimeline(START);
  const now = (): number => timeline.now();
  const server = createServer(timeline);
  const durations = { ...createDurations(1), refreshEvery: scenario.refreshEvery };
  const accounts = scenario.accounts.map((token, index): Account => ({
    id: `wx${String(index).padStart(16, "0")}`,
    name: `${token}${index}`,
    type: "official-account",
    secret: secretOf(`secret-${index}`),
    token,
    fallback: "stable",
    sandbox: false,
    mirrors: [],
    kinds: scenario.ticket ? ["access_token", "jsapi_ticket"] : ["access_token"],
  }));
  const credentials = createCredentials(accounts, () => officialAccountFamily);
  const refs = credentials.all.map(({ ref }) => ref);
  const tokenOf = new Map(accounts.map(({ id, token }) => [id, token]));
  const classic = accounts.filter(({ token }) => token === "classic").map(({ id }) => id);
  const wechat = createWechat({ accounts, tokenLifeMs: scenario.tokenLife, now, random });
  const violations: string[] = [];
  const violate = (what: string): void => void violations.push(`${seconds()} ${what}`);
  const seconds = (): string => `${((timeline.now() - START) / 1_000).toFixed(1)} s`;
  const audit = createAudit({ ...server, store: design.store(server.store, server.keys) }, violate);
  const audited: Server = { ...server, store: audit.store };
  const flights = createFlights({
    timeline,
    leaseMs: durations.lease,
    lastLossAt: () => server.lastLossAt(),
    overlap: ({ account, kind }) => violate(`${account}:${kind}: two fetches at a time`),
  });
  const allowed = assumptions(now, classic);
  const queue = createModelQueue({ timeline, server, credentials, durations, random });
  const calls: AppCall[] = [];
  const attempts: World["attempts"] = [];
  const struck: World["struck"] = [];
  const workers: ModelWorker[] = [];
  const busyWith = new Map<Process, Map<number, CredentialRef>>();
  let pending = scenario.faults.map((fault) => ({ ...fault, after: START + fault.after }));
  let storm: { until: number; answer: "busy" | "bad_gateway" } = { until: 0, answer: "busy" };
  let ids = 0;

  function stakesOf(process: Process | undefined, credential?: CredentialRef): string[] {
    const under = process ? [...(busyWith.get(process)?.values() ?? [])] : [];
    const all = credential ? [...under, credential] : under;
    return all.filter((ref) => isAtStake(ref, tokenOf.get(ref.account) ?? "classic")).map(({ account }) => account);
  }

  /** Takes the first fault that waits for this point, if it may strike. */
  function take(
    point: Point | undefined,
    where: { process?: Process | undefined; credential?: CredentialRef | undefined; fetch: boolean },
  ): Fault["action"] | undefined {
    if (timeline.now() >= START + faultsUntil) return undefined;
    const found = pending.find(
      (fault) =>
        fault.point === point && fault.after <= timeline.now() && FETCH_FAULTS.has(fault.action.type) === where.fetch,
    );
    if (!found) return undefined;
    pending = pending.filter((fault) => fault !== found);
    const { process, credential } = where;
    const atStake = where.fetch ? stakesOf(undefined, credential) : stakesOf(process, credential);
    if (!allowed.admit(found.action, atStake)) return undefined;
    struck.push({ at: timeline.now() - START, fault: found, ...(process && { worker: process.name }) });
    return found.action;
  }

  function pass(point: Point, process: Process, credential?: CredentialRef): boolean {
    const action = take(point, { process, credential, fetch: false });
    if (action === undefined) return false;
    if (action.type === "drop_reply") return true;
    strike(action as WorldFault, process);
    return false;
  }

  function faultOf(process: Process, credential: CredentialRef | undefined): FetchFault | undefined {
    if (credential) pass("fetch.sent", process, credential);
    if (timeline.now() < storm.until) return { type: storm.answer };
    if (!credential) return undefined;
    return take("fetch.sent", { process, credential, fetch: true }) as FetchFault | undefined;
  }

  function strike(action: WorldFault, process: Process | undefined): void {
    const victim = process ?? running()[Math.floor(random() * running().length)]?.process;
    switch (action.type) {
      case "crash":
        victim?.kill();
        if (victim) timeline.after(1_000 + random() * 4_000, addWorker);
        break;
      case "pause":
        victim?.pause(action.ms);
        break;
      case "rollback":
        server.lose(action.ms);
        queue.wake();
        break;
      case "flush":
        server.lose("everything");
        break;
      case "unreachable":
        server.trouble("down", action.ms);
        break;
      case "read_only":
        server.trouble("read_only", action.ms);
        break;
      case "storm":
        storm = { until: timeline.now() + action.ms, answer: action.answer };
        break;
      case "foreign":
        for (const id of classic) wechat.fetchElsewhere(id);
        break;
      case "refuse_stable":
        for (const { id, token } of accounts) if (token === "stable") wechat.refuseStable(id);
        break;
      case "drop_reply":
        break;
    }
  }

  const running = (): ModelWorker[] => workers.filter(({ process }) => process.isAlive());

  function connect(process: Process): Send {
    return createConnection({ timeline, process, server: audited, random, pass });
  }

  /** The stream: an entry reaches one worker; one that is not done is taken over after a while. */
  function deliver(message: AppMessage, tries: number): void {
    const free = running().filter(({ process }) => !process.isPaused());
    const worker = free[Math.floor(random() * free.length)];
    const lost = server.losses();
    let done = false;
    if (worker && server.condition() === "up") {
      worker.handle(message).then(
        () => (done = true),
        () => {},
      );
    }
    timeline.after(worker ? durations.lease : 1_000, () => {
      if (!done && tries > 0 && server.losses() === lost) deliver(message, tries - 1);
    });
  }

  function tellThrough(send: Send): (message: AppMessage) => Promise<void> {
    return (message) => send({ writes: true, run: () => timeline.after(1 + random() * 5, () => deliver(message, 20)) });
  }

  function onAttempt(process: Process, credential: CredentialRef, reason: RefreshReason): (outcome: string) => void {
    const attempt: World["attempts"][number] = { credential, reason };
    const number = attempts.push(attempt);
    const under = busyWith.get(process) ?? new Map<number, CredentialRef>();
    busyWith.set(process, under.set(number, credential));
    return (outcome) => {
      attempt.outcome = outcome;
      under.delete(number);
    };
  }

  function addWorker(): void {
    const process = createProcess(timeline, `worker${workers.length}`, (random() - 0.5) * 180_000);
    const send = connect(process);
    const http = createEdge({
      timeline,
      process,
      random,
      wechat,
      flights,
      faultOf,
      pass: (point, who, credential) => void pass(point, who, credential),
      deadlineMs: durations.http,
    });
    const worker = startWorker({
      process,
      send,
      store: connectStore(send, audited, process.clock),
      http,
      queue,
      credentials,
      durations,
      random,
      newAttemptId: () => `attempt${(ids += 1)}`,
      log: LOG,
      tell: tellThrough(send),
      onAttempt: (credential, reason) => onAttempt(process, credential, reason),
      fallback: scenario.planners === "both" || scenario.planners === "fallback",
      repairs: design.repairs,
    });
    workers.push(worker);
  }

  function sweep(period: number, act: (worker: ModelWorker) => void): void {
    const free = running().filter(({ process }) => !process.isPaused());
    const worker = free[Math.floor(random() * free.length)];
    if (worker && server.condition() === "up") worker.process.deliver(() => act(worker));
    timeline.after(period, () => sweep(period, act));
  }

  for (let count = 0; count < scenario.workers; count += 1) addWorker();
  const sweeps = scenario.planners === "both" || scenario.planners === "sweep";
  if (sweeps) sweep(durations.sweep, (worker) => worker.plan());
  if (scenario.planners === "ticks") {
    for (const credential of credentials.all) {
      timeline.after(random() * durations.tick, () => sweep(durations.tick, (worker) => worker.plan([credential])));
    }
  }
  for (let count = 0; count < scenario.apps; count += 1) {
    const process = createProcess(timeline, `app${count}`, (random() - 0.5) * 90_000);
    const send = connect(process);
    startApp({
      process,
      send,
      server: audited,
      random,
      credentials: refs,
      call: (token) => Number(wechat.execute(officialAccountFamily.probe(token))["errcode"] ?? 0),
      accepts: (credential, ticket) => wechat.standing(credential, ticket) !== "refused",
      tell: tellThrough(send),
      onCall: (call) => calls.push({ ...call, at: call.at - START }),
      retries: design.retries,
      times: {
        cacheMs: durations.readerCache,
        waitMs: durations.demandWait,
        endMarginMs: 5_000,
        replacedMs: durations.overlap,
        pollMs: 200,
        retryMs: 1_000,
      },
    });
  }
  for (const { after, point } of pending) {
    if (point !== undefined) continue;
    timeline.at(after, () => {
      const victim = running()[Math.floor(random() * running().length)]?.process;
      const action = take(undefined, { process: victim, fetch: false });
      if (action) strike(action as WorldFault, victim);
    });
  }

  return {
    timeline,
    server,
    wechat,
    audit,
    flights,
    credentials: refs,
    accounts,
    calls,
    attempts,
    struck,
    violations,
    planners: scenario.planners,
    aftermathFrom: faultsUntil + 12 * 60_000,
    async decisions() {
      const asking = running()[0]?.look() ?? Promise.resolve([]);
      await timeline.run(timeline.now() + 2_000);
      return asking;
    },
    run: (ms) => timeline.run(timeline.now() + ms),
  };
}
