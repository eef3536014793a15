import { randomBytes } from "node:crypto";
import type { AlertsSource } from "@tokenkeeper/alerts";
import {
  ALERTS_QUEUE,
  connectRedis,
  REFRESH_QUEUE,
  reportErrors,
  requireAnswer,
  SCHEDULE_QUEUE,
  type Log,
} from "@tokenkeeper/core";
import { createActions, createAudit, createData, createHistory, UnavailableError } from "@tokenkeeper/ops";
import { QUEUE_PREFIX, SECOND, systemClock } from "@tokenkeeper/shared/contract";
import { Queue } from "bullmq";
import type { Express } from "express";
import type { Redis } from "ioredis";
import { createApp } from "./app.ts";
import { createAuditReader } from "./audit/audit-reader.ts";
import { createBoard } from "./board.ts";
import { createWatching } from "./watching.ts";
import { createIdentify } from "./identify.ts";
import type { Language } from "./language.ts";
import { listen } from "./listen.ts";
import { createLoginLimits } from "./login-limits.ts";
import { observeAudit } from "./metrics/observed.ts";
import { createMonitoring, type MetricsAddress } from "./monitoring.ts";
import { createChanges } from "./ops/changes.ts";
import { createSessionCookie } from "./session-cookie.ts";
import { createSessions } from "./sessions.ts";
import { NO_PROXIES, type TrustedProxies } from "./trusted-proxies.ts";
import { createUsersWatch, type UsersSource } from "./users/users-watch.ts";
import type { Credentials } from "./users/user.ts";
import { createUsers, type Users } from "./users/users.ts";

/** How often the file of users is looked at, ms. */
const USERS_CHECK = 2 * SECOND;
/** How often an answer that lasts is looked at again, ms. */
const RECHECK_EVERY = 5 * SECOND;

/** How a dashboard is made. */
export interface DashboardOptions {
  readonly redisUrl: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The one admin whom the environment names. */
  readonly credentials?: Credentials | undefined;
  /** The users of the file. */
  readonly users?: UsersSource | undefined;
  readonly proxies?: TrustedProxies | undefined;
  /** The address people use, when a proxy stands before the dashboard. */
  readonly publicUrl: string | undefined;
  /** Where machines ask for metrics and probes; nowhere without it. */
  readonly metrics?: MetricsAddress | undefined;
  /** The file of alerts; without it this process finds and delivers none. */
  readonly alerts?: AlertsSource | undefined;
  /** Divides the durations of watching and alerts. @default 1 */
  readonly timeScale?: number;
  readonly log: Log;
}

/** A dashboard that runs. */
export interface Dashboard {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  /** The port of metrics and probes, when they are asked for anywhere. */
  readonly metricsPort: number | undefined;
  /** Ends it within 10 s. */
  close(): Promise<void>;
}

/**
 * Starts the dashboard: the board of the queues behind a login.
 * @throws ConfigError when the file of users or that of alerts is refused.
 * @throws UnavailableError when Redis does not answer or the port is taken.
 */
export async function createDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { redisUrl, host, port, publicUrl, proxies = NO_PROXIES, metrics, log } = options;
  const { users, look } = await loadUsers(options);
  const redis = await connectOrGiveUp(redisUrl, log);
  const refresh = openQueue(REFRESH_QUEUE, { redis, log });
  const schedule = openQueue(SCHEDULE_QUEUE, { redis, log });
  const alertsQueue = openQueue(ALERTS_QUEUE, { redis, log });
  const board = (language: Language): Express =>
    createBoard({ path: "/queues", refresh, schedule, alerts: alertsQueue, redis, language, log });
  const secure = publicUrl !== undefined && new URL(publicUrl).protocol === "https:";
  const sessions = createSessions({ redis, now: () => Date.now(), users });
  const cookie = createSessionCookie(secure);
  const data = createData(redis);
  const subscribe = (): Redis => connectRedis(redisUrl, { name: "dashboard-hints", log, use: "queue" });
  const changes = createChanges({ data, subscribe, clock: systemClock, log });
  const monitoring = createMonitoring({ redis, refresh, schedule, alerts: alertsQueue, changes, log });
  const { meter } = monitoring;
  const onLost = (): void => meter.add("wxtok_audit_write_failures_total", {});
  const audit = observeAudit(createAudit({ redis, onLost, log }), meter);
  const identify = createIdentify({ users, sessions, cookie, proxies, audit });
  const watching = createWatching({ ...options, redis, data, refresh, schedule, clock: systemClock });
  const app = createApp({
    gate: { identify, audit, publicUrl, recheckEvery: RECHECK_EVERY },
    login: { users, sessions, cookie, limits: createLoginLimits(redis), audit },
    retries: {
      audit,
      jobName: async (queue, id) => (await (queue === ALERTS_QUEUE ? alertsQueue : refresh).getJob(id))?.name,
    },
    auditReader: createAuditReader(redis),
    proxies,
    ops: {
      data,
      changes,
      history: createHistory(refresh),
      actions: createActions({ redis, queue: refresh, now: () => Date.now() }),
      audit,
      redis,
      refresh,
      schedule,
      alertsQueue,
      alerts: watching.alerts,
    },
    boards: { en: board("en"), zh: board("zh") },
    ready: () => monitoring.ready(),
    secure,
    log,
  });
  const looking = setInterval(look, USERS_CHECK);

  async function disconnect(): Promise<void> {
    clearInterval(looking);
    await monitoring.close();
    await watching.stop();
    await changes.close();
    await Promise.all([refresh, schedule, alertsQueue].map((queue) => queue.close()));
    redis.disconnect();
  }

  const giveUp = async (error: unknown): Promise<never> => {
    await disconnect();
    throw error;
  };
  const server = await listen(app, { host, port }).catch(giveUp);
  // After the pages: the default port of metrics may be the one that they were given.
  const metricsPort =
    metrics &&
    (await monitoring.listen(metrics).catch(async (error: unknown) => {
      await server.close();
      return giveUp(error);
    }));
  watching.start();
  if (!secure) log.warn({ remedy: "serve it over https and set DASHBOARD_PUBLIC_URL" }, "dashboard.plain_http");
  return {
    metricsPort,
    url: `http://${host.includes(":") ? `[${host}]` : host}:${server.port}`,
    async close() {
      // Open pages would hold the server.
      await changes.close();
      await Promise.all([server.close(), watching.stop()]);
      await disconnect();
    },
  };
}

/** The users in force, and a function that looks whether their file has changed. */
async function loadUsers({
  credentials: admin,
  users: source,
  log,
}: DashboardOptions): Promise<{ users: Users; look: () => void }> {
  const seen = source?.stamp() ?? "";
  const { users: fromFile, warnings } = source?.load() ?? { users: [], warnings: [] };
  for (const warning of warnings) log.warn({ remedy: warning }, "users.warning");
  const users = await createUsers({ admin, fromFile, randomBytes });
  const look = source ? createUsersWatch({ source, seen, users, log }) : () => {};
  return { users, look };
}

async function connectOrGiveUp(url: string, log: Log): Promise<Redis> {
  const redis = connectRedis(url, { name: "dashboard", log, use: "command" });
  try {
    await requireAnswer(redis);
    return redis;
  } catch {
    redis.disconnect();
    throw new UnavailableError(
      "Redis does not answer, or refuses the user or password in REDIS_URL. Check that it runs and that REDIS_URL is right.",
    );
  }
}

function openQueue(name: string, { redis, log }: { redis: Redis; log: Log }): Queue {
  const queue = new Queue(name, { connection: redis, prefix: QUEUE_PREFIX });
  reportErrors(queue, log.child({ queue: name }));
  return queue;
}
