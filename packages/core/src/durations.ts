import { HOUR, MINUTE, SECOND } from "@tokenkeeper/shared/contract";

/** Every duration of ours in ms, in one place, so that they can be checked against each other and compressed for tests. */
export interface Durations {
  /** BullMQ: how long a job stays with a worker that gives no sign of life. */
  readonly jobLock: number;
  /** BullMQ: how often jobs of dead workers are looked for. */
  readonly stalledCheck: number;
  /** Who holds the lease may fetch. */
  readonly lease: number;
  /** The whole of one call to WeChat. */
  readonly http: number;
  readonly httpConnect: number;
  /** Period of the job scheduler of each credential. */
  readonly tick: number;
  readonly sweep: number;
  /** How long apps serve from memory. */
  readonly readerCache: number;
  /** How long an SDK may keep a value that WeChat rotates at every fetch: one whose reply is lost leaves it the overlap, and is settled later. */
  readonly sdkKeep: number;
  /** A value is not served in the last moment of its life: it might end on the way to WeChat. */
  readonly readerMargin: number;
  /** How long an app waits for a missing value. */
  readonly demandWait: number;
  /** How long a replaced access token still works. Source: WeChat, "获取 access_token". */
  readonly overlap: number;
  /** A worker whose last look at what is due is older than this is not ready: three sweeps. */
  readonly lookPatience: number;
  /** How often the schedulers are armed again. */
  readonly rearm: number;
  /** Longest time between two refreshes of a credential that WeChat rotates at every fetch. */
  readonly refreshEvery: number;
  /** A stable token is refreshed this long before its end, less a jitter. Source: WeChat rotates it in its last 5 minutes. */
  readonly stableLead: number;
  readonly stableJitter: number;
  /** Shortest time between two looks at a ticket that came back unchanged; in its last stretch of this length, `ticketEndCheck`. */
  readonly ticketCheck: number;
  readonly ticketEndCheck: number;
  /** A parent's value must live at least this long to be used for a ticket. */
  readonly parentMargin: number;
  /** An outcome that stayed unknown is settled by another refresh this long after it, plus up to half. */
  readonly settle: number;
  /** Retries are dense this long after the first failure; then `sparseRetry` apart. */
  readonly denseRetry: number;
  readonly sparseRetry: number;
  /** Slow re-check of what a person must mend: from the first to the second. */
  readonly recheckFirst: number;
  readonly recheckMost: number;
  /** Shortest time between two refreshes that reports may cause. */
  readonly reportSpacing: number;
  /** The same for a value that WeChat refuses and yet returns. */
  readonly suspectSpacing: number;
  /** Shortest time between two forced refreshes. Source: WeChat answers sooner ones with the same stable token. */
  readonly forceSpacing: number;
  /** A value that died this long after the last unknown outcome was fetched by another system. */
  readonly foreignAfter: number;
  /** A commit is looked at again after 1, 5, 15 and 60 times this. */
  readonly repairUnit: number;
  /** How often an instance that follows another one asks it for changes. */
  readonly followCheck: number;
  /** How often everything is looked at for alerts and figures. */
  readonly watch: number;
  /** What was wrong must be away this long before it counts as recovered. */
  readonly alertAway: number;
  /** A message that could not be delivered is tried again after this, and then twice as long each time, up to the second. */
  readonly alertRetryFirst: number;
  readonly alertRetryMost: number;
  /** In this time a robot takes 20 messages. Source: WeCom, "消息推送配置说明"; DingTalk, "自定义机器人接入". */
  readonly robotMinute: number;
  /** How often the files of the configuration are looked at. */
  readonly configCheck: number;
  /** How long a stopping process may take. */
  readonly shutdown: number;
}

/** @param scale divides every duration (`TOKENKEEPER_TIME_SCALE`). */
export function createDurations(scale: number): Durations {
  const real: Durations = {
    jobLock: 10 * SECOND,
    stalledCheck: 5 * SECOND,
    lease: 15 * SECOND,
    http: 8 * SECOND,
    httpConnect: 2 * SECOND,
    tick: MINUTE,
    sweep: 10 * SECOND,
    readerCache: 30 * SECOND,
    sdkKeep: 150 * SECOND,
    readerMargin: 5 * SECOND,
    demandWait: 3 * SECOND,
    overlap: 5 * MINUTE,
    lookPatience: 30 * SECOND,
    rearm: MINUTE,
    refreshEvery: 30 * MINUTE,
    stableLead: 290 * SECOND,
    stableJitter: MINUTE,
    ticketCheck: 5 * MINUTE,
    ticketEndCheck: MINUTE,
    parentMargin: MINUTE,
    settle: MINUTE,
    denseRetry: 4 * MINUTE,
    sparseRetry: 10 * MINUTE,
    recheckFirst: 5 * MINUTE,
    recheckMost: 30 * MINUTE,
    reportSpacing: MINUTE,
    suspectSpacing: 10 * MINUTE,
    forceSpacing: 30 * SECOND,
    foreignAfter: 10 * MINUTE,
    repairUnit: SECOND,
    followCheck: 10 * SECOND,
    watch: 10 * SECOND,
    alertAway: MINUTE,
    alertRetryFirst: 5 * SECOND,
    alertRetryMost: 10 * MINUTE,
    robotMinute: MINUTE,
    configCheck: 5 * SECOND,
    shutdown: 10 * SECOND,
  };
  const scaled = Object.entries(real).map(([name, ms]) => [name, Math.max(FLOORS[name] ?? 1, Math.round(ms / scale))]);
  return Object.fromEntries(scaled) as Record<keyof Durations, number>;
}

/** Compressed time does not make processes and sockets faster: these stay long enough for a busy machine. */
const FLOORS: Readonly<Record<string, number>> = {
  jobLock: 3 * SECOND,
  stalledCheck: SECOND,
  lease: 3 * SECOND,
  http: SECOND,
  watch: SECOND / 4,
  httpConnect: SECOND,
  lookPatience: 5 * SECOND,
  shutdown: 5 * SECOND,
};

/** Time by which all readers must have a new value after the worst single failure: it must fit into WeChat's overlap. */
const MARGIN = MINUTE;
/** A settle comes after up to so many times `settle`. */
const LONGEST_SETTLE = 1.5;

/**
 * Whether the durations fit together.
 * @returns one sentence for each rule that is broken; none when all is well.
 */
export function conflictsOf(times: Durations): string[] {
  const conflicts: string[] = [];
  if (times.http >= times.lease) conflicts.push("the HTTP deadline must be shorter than the lease");
  if (times.readerCache >= times.overlap) conflicts.push("the reader cache must be shorter than WeChat's overlap");
  const onTheWay = times.readerCache + times.followCheck + times.http;
  if (times.sdkKeep + onTheWay + LONGEST_SETTLE * times.settle >= times.overlap) {
    conflicts.push(
      "what an SDK keeps, the reader cache, the followers' check, the HTTP deadline and the longest settle must together be shorter than WeChat's overlap",
    );
  }
  if (onTheWay >= times.settle) {
    conflicts.push(
      "the followers' check, the HTTP deadline and the reader cache must together be shorter than a settle",
    );
  }
  const recovery = times.jobLock + 2 * times.stalledCheck + times.lease + times.http + times.readerCache + MARGIN;
  if (recovery > times.overlap) {
    conflicts.push(
      "lock + two stalled checks + lease + HTTP deadline + reader cache + margin must fit into the overlap",
    );
  }
  if (times.denseRetry >= times.stableLead)
    conflicts.push("the dense retries must fit into the stable token's last 5 minutes");
  return conflicts;
}

/** The hour at which WeChat's day begins, as an offset from UTC: Beijing. */
const BEIJING_OFFSET = 8 * HOUR;

/** @returns `YYYY-MM-DD` in Beijing. @param now epoch ms */
export function beijingDate(now: number): string {
  return new Date(now + BEIJING_OFFSET).toISOString().slice(0, 10);
}

/** @returns epoch ms of the next midnight in Beijing, when WeChat's daily quotas begin anew. @param now epoch ms */
export function nextBeijingMidnight(now: number): number {
  const day = 24 * HOUR;
  return Math.floor((now + BEIJING_OFFSET) / day + 1) * day - BEIJING_OFFSET;
}
