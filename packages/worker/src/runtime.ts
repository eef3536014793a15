import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { createDurations, errorFields, readRedisFacts, requireAnswer, type WorkerConfig } from "@tokenkeeper/core";
import { systemClock } from "@tokenkeeper/shared/contract";
import { createApi } from "./api/api.ts";
import manifest from "../package.json" with { type: "json" };
import { createAccountsInForce } from "./accounts-in-force.ts";
import { createConfigWatch } from "./config-watch.ts";
import { createCredentials, type Credential } from "./credentials.ts";
import { createEngine } from "./engine.ts";
import { familyOf } from "./families/family-of.ts";
import { createFollow } from "./follow/follow.ts";
import { createConfirm } from "./intake/confirm.ts";
import { createIntake } from "./intake/intake.ts";
import { createReports } from "./intake/reports.ts";
import { createReportStream } from "./intake/stream.ts";
import { createLifecycle } from "./lifecycle.ts";
import { observeConfigSource, observeReports } from "./metrics/observed.ts";
import { createMirrors } from "./mirrors/mirrors.ts";
import { createOnDisturbed } from "./mirrors/on-disturbed.ts";
import { createMonitoring } from "./monitoring.ts";
import { openConnections } from "./queues/connections.ts";
import { createEnqueue, type Enqueue } from "./queues/enqueue.ts";
import { observeWorker } from "./queues/observe-worker.ts";
import { createPlanner } from "./queues/planner.ts";
import { createRetire } from "./queues/retire.ts";
import { createRefreshWorker } from "./queues/refresh-worker.ts";
import { createScheduleWorker } from "./queues/schedule-worker.ts";
import { createSchedulers } from "./queues/schedulers.ts";
import { createStandingJobs } from "./queues/standing-jobs.ts";
import { createFallback } from "./refresh/fallback.ts";
import { createFollowUp } from "./refresh/follow-up.ts";
import { createBringForward } from "./store/bring-forward.ts";
import { createMirrorStore } from "./store/mirror-store.ts";
import { createNoteReporter } from "./store/reporter-store.ts";
import { checkDurations, checkRedis } from "./start-checks.ts";
import { ALL_PLANNERS, type Runtime, type RuntimeOptions } from "./runtime-options.ts";
import { createRegistry } from "./store/registry.ts";
import { createTicker } from "./ticker.ts";
import { createWatching } from "./watching.ts";

/** Composition root: the only place that puts the parts together. */
export function createRuntime(options: RuntimeOptions): Runtime {
  const { config, log } = options;
  const clock = options.clock ?? systemClock;
  const random = options.random ?? Math.random;
  const planners = options.planners ?? ALL_PLANNERS;
  const durations = createDurations(config.timeScale);
  const lifecycle = createLifecycle(log);
  const stopping = new AbortController();
  const name = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;

  const connections = openConnections(config.redisUrl, log, lifecycle);
  const { command, blocking, refreshQueue, scheduleQueue } = connections;

  const credentials = createCredentials(config.accounts, familyOf);
  const monitoring = createMonitoring({
    workers: () => [refreshWorker, scheduleWorker],
    ping: () => requireAnswer(command),
    stopping: stopping.signal,
    durations,
    clock,
    lifecycle,
  });
  const { meter } = monitoring;
  const engine = createEngine({
    command,
    origin: config.apiOrigin,
    credentials,
    meter,
    onLook: () => monitoring.looked(),
    clock,
    random,
    durations,
    log,
  });
  const { http, store, repair, refresher, resetQuota } = engine;
  lifecycle.onClose("http", () => http.close());
  const registry = createRegistry(command, {
    name,
    host: hostname(),
    pid: process.pid,
    startedAt: new Date(clock.now()).toISOString(),
    version: manifest.version,
  });
  const enqueue = createEnqueue(
    refreshQueue,
    createStandingJobs(refreshQueue, command, (jobs) => monitoring.repaired("lost_job", jobs)),
  );
  const planner = createPlanner({ refresher, enqueue, clock, durations });
  const schedulers = createSchedulers({ queue: scheduleQueue, credentials, durations, kinds: planners });
  const stream = createReportStream(connections.reading, command, name);
  const trigger: Enqueue["immediate"] = (credential, reason) => enqueue.immediate(credential, reason);
  const report = ({ ref }: Credential, fp: string): Promise<void> => stream.tell({ ...ref, fp });
  const onDisturbed = createOnDisturbed({ report, confirm: createConfirm({ store, trigger, clock, durations, log }) });
  const mirrors = createMirrors({ credentials, store: createMirrorStore(command), onDisturbed, log });
  const followUp = createFollowUp({ credentials, mirror: (credential) => mirrors.write(credential), trigger, report });
  const shared = { credentials, store, http, trigger, clock, durations, log };
  const follow = createFollow({ ...shared, bringForward: createBringForward(command) });
  const handle = createReports({
    ...shared,
    passOn: (ref) => trigger({ ref, account: { name: ref.account } }, "missing"),
    passReport: follow.passReport,
    noteReporter: createNoteReporter(command),
  });
  const intake = createIntake({ stream, handle: observeReports(handle, meter), durations, log });
  const fetchesPerSecond = options.fetchesPerSecond ?? 50;
  const refreshWorker = createRefreshWorker({
    connection: blocking,
    credentials,
    refresher,
    resetQuota,
    followUp,
    store,
    planner,
    registry,
    durations,
    fetchesPerSecond,
    log,
  });
  const scheduleWorker = createScheduleWorker({ connection: blocking, credentials, planner, durations, log });
  const fallback = createFallback({
    refresher,
    followUp,
    record(credential) {
      monitoring.repaired("fallback");
      return enqueue.record(credential);
    },
    credentials,
    stopping: stopping.signal,
    clock,
    durations,
  });
  const onError = (part: string) => (error: unknown) => log.warn({ part, err: errorFields(error) }, "postponed");
  const accountsInForce = createAccountsInForce({ credentials, registry, schedulers, planner, durations, log });
  const retire = createRetire({ registry, credentials, refreshQueue, scheduleQueue, log });
  const { api: section, redisUrl } = config;
  const onUse = (result: string): void => meter.add("wxtok_api_requests_total", { result });
  const api = createApi({ section, redisUrl, command, credentials, durations, clock, onUse, log });
  lifecycle.onClose("api", () => api.close());
  async function applyConfig(next: WorkerConfig): Promise<void> {
    // First: a key that was taken away is refused also while Redis is away.
    api.replace(next.api);
    await accountsInForce.replace(next);
    monitoring.configInForce("reload");
  }
  const source = options.configSource && observeConfigSource(options.configSource, meter);
  const watchConfig = source && createConfigWatch({ source, apply: applyConfig, log });
  const tickers = [
    createTicker(durations.rearm, () => schedulers.arm().then(retire), onError("schedulers")),
    ...(watchConfig ? [createTicker(durations.configCheck, watchConfig, onError("config"))] : []),
    createTicker(durations.repairUnit / 2, () => repair.runOnce(), onError("repair")),
    createTicker(durations.sweep / 2, () => accountsInForce.beat(), onError("heartbeat")),
    createTicker(durations.sweep, () => api.flush(), onError("usage")),
    createTicker(durations.sweep, () => mirrors.sweep(), onError("mirrors")),
    createTicker(durations.followCheck, () => follow.check(), onError("leader")),
    ...(planners.fallback ? [createTicker(durations.sweep, fallback, onError("fallback"))] : []),
  ];
  const { alerts } = options;
  const { timeScale } = config;
  const watch = createWatching({ alerts, connections, name, durations, timeScale, clock, log, lifecycle });

  async function start(): Promise<number> {
    checkDurations();
    await checkRedis(() => readRedisFacts(command));
    const port = await monitoring.listen(config);
    await api.listen();
    lifecycle.onClose("registry", () => registry.leave());
    await accountsInForce.publish(config);
    monitoring.configInForce("start");
    for (const worker of [refreshWorker, scheduleWorker]) {
      observeWorker(worker, meter);
      lifecycle.onClose(`worker ${worker.name}`, () => worker.close());
      worker.run().catch(onError(`worker ${worker.name}`));
    }
    await accountsInForce.plan();
    intake.start();
    lifecycle.onClose("intake", () => intake.stop());
    for (const ticker of tickers) {
      ticker.start();
      lifecycle.onClose("ticker", () => ticker.stop());
    }
    monitoring.started();
    watch();
    log.info(
      { worker: name, accounts: config.accounts.length, credentials: credentials.all.length, port },
      "worker.started",
    );
    return port;
  }

  return {
    start,
    async stop() {
      stopping.abort();
      // What is still on its way after most of the time is abandoned: its intent stays, so the next worker knows.
      const abandon = setTimeout(() => http.abort(), durations.shutdown * 0.7);
      // A Redis that is away is not waited for without end: BullMQ's commands never give up by themselves.
      const patience = new AbortController();
      const outOfPatience = clock.sleep(durations.shutdown * 0.85, patience.signal).then(() => "unfinished");
      const unfinished = await Promise.race([lifecycle.close(), outOfPatience]);
      patience.abort();
      clearTimeout(abandon);
      connections.hangUp();
      if (unfinished) log.warn({ worker: name }, "worker.stopped_without_redis");
      log.info({ worker: name }, "worker.stopped");
    },
  };
}
