import { connectRedis, REFRESH_QUEUE, reportErrors, SCHEDULE_QUEUE, type Log } from "@tokenkeeper/core";
import { QUEUE_PREFIX, systemClock } from "@tokenkeeper/shared/contract";
import { Queue } from "bullmq";
import type { Express } from "express";
import type { Redis } from "ioredis";
import { createApp } from "./app.ts";
import { createAudit } from "./audit.ts";
import { createBoard } from "./board.ts";
import type { Credentials } from "./credentials.ts";
import type { Language } from "./language.ts";
import { listen } from "./listen.ts";
import { createLoginLimits } from "./login-limits.ts";
import { createActions } from "./ops/actions.ts";
import { createChanges } from "./ops/changes.ts";
import { createData } from "./ops/data.ts";
import { createHistory } from "./ops/history.ts";
import { createSessionCookie } from "./session-cookie.ts";
import { createSessions } from "./sessions.ts";
import { UnavailableError } from "./unavailable-error.ts";

/** How a dashboard is made. */
export interface DashboardOptions {
  readonly redisUrl: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly credentials: Credentials;
  /** The address people use, when a proxy stands before the dashboard. */
  readonly publicUrl: string | undefined;
  readonly log: Log;
}

/** A dashboard that runs. */
export interface Dashboard {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  /** Ends it within 10 s. */
  close(): Promise<void>;
}

/**
 * Starts the dashboard: the board of both queues behind a login.
 * @throws UnavailableError when Redis does not answer or the port is taken.
 */
export async function createDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { redisUrl, host, port, credentials, publicUrl, log } = options;
  const redis = await connectOrGiveUp(redisUrl, log);
  const refresh = openQueue(REFRESH_QUEUE, { redis, log });
  const schedule = openQueue(SCHEDULE_QUEUE, { redis, log });
  const board = (language: Language): Express =>
    createBoard({ path: "/queues", refresh, schedule, redis, language, log });
  const secure = publicUrl !== undefined && new URL(publicUrl).protocol === "https:";
  const data = createData(redis);
  const subscribe = (): Redis => connectRedis(redisUrl, { name: "dashboard-hints", log, use: "queue" });
  const changes = createChanges({ data, subscribe, clock: systemClock, log });
  const app = createApp({
    credentials,
    sessions: createSessions({ redis, now: () => Date.now(), credentials: JSON.stringify(credentials) }),
    cookie: createSessionCookie(secure),
    limits: createLoginLimits(redis),
    ops: {
      data,
      changes,
      history: createHistory(refresh),
      actions: createActions({ redis, queue: refresh, now: () => Date.now() }),
      audit: createAudit(log),
      redis,
      refresh,
      schedule,
    },
    boards: { en: board("en"), zh: board("zh") },
    ping: () => redis.ping(),
    secure,
    publicUrl,
    log,
  });

  async function disconnect(): Promise<void> {
    await changes.close();
    await Promise.all([refresh.close(), schedule.close()]);
    redis.disconnect();
  }

  const server = await listen(app, { host, port }).catch(async (error: unknown) => {
    await disconnect();
    throw error;
  });
  if (!secure) log.warn({ remedy: "serve it over https and set DASHBOARD_PUBLIC_URL" }, "dashboard.plain_http");
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${server.port}`,
    async close() {
      // Open pages would hold the server.
      await changes.close();
      await server.close();
      await disconnect();
    },
  };
}

async function connectOrGiveUp(url: string, log: Log): Promise<Redis> {
  const redis = connectRedis(url, { name: "dashboard", log, use: "command" });
  try {
    await redis.ping();
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
