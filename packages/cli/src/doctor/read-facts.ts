import type { Environment } from "@tokenkeeper/core";
import { UnavailableError } from "@tokenkeeper/ops";
import { CliError } from "../cli-error.ts";
import type { FleetConnection } from "../fleet-connection.ts";
import { ask } from "./ask.ts";
import type { DoctorFacts, FleetFacts, RedisReach, WechatFacts } from "./doctor-facts.ts";
import { apiOrigin, readConfig } from "./read-config.ts";
import { readClock, readFleetFacts } from "./read-fleet.ts";

/** Where facts are read from. */
export interface FactSources {
  readonly env: Environment;
  readonly cwd: string;
  /** Epoch ms by this machine. */
  readonly now: () => number;
  /** See `Session.fleet`. */
  readonly fleet: () => Promise<FleetConnection>;
  /** Origin of the simulator beside, when there is one and nothing else is named. */
  readonly simulator: string | undefined;
}

const PROXY_VARIABLES = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"];

/** Reads everything at once. @param progress is told how many of how many parts are read */
export async function readFacts(
  sources: FactSources,
  progress: (done: number, all: number) => void,
): Promise<DoctorFacts> {
  const dashboardUrl = sources.env["DASHBOARD_PUBLIC_URL"];
  const parts = 3;
  let done = 0;
  const step = <T>(part: Promise<T>): Promise<T> => part.finally(() => progress((done += 1), parts));
  progress(0, parts);
  const [redis, wechat, dashboard] = await Promise.all([
    step(readRedis(sources)),
    step(readWechat(sources)),
    step(readDashboard(dashboardUrl, sources.now)),
  ]);
  return { config: readConfig(sources), ...redis, wechat, ...(dashboard && { dashboard }) };
}

async function readRedis({ fleet, now }: FactSources): Promise<{ redis: RedisReach; fleet?: FleetFacts }> {
  try {
    const connection = await fleet();
    const redis = await readClock(connection, now);
    return { redis, fleet: await readFleetFacts(connection) };
  } catch (error) {
    if (error instanceof CliError) return { redis: { type: "unnamed" } };
    if (error instanceof UnavailableError) return { redis: { type: "silent" } };
    throw error;
  }
}

async function readWechat({ env, simulator, now }: FactSources): Promise<WechatFacts> {
  const origin = apiOrigin(env, simulator);
  return {
    host: new URL(origin).host,
    // The bare path: no call of WeChat's, so nothing is counted against a quota.
    reach: await ask(`${origin}/`, now),
    proxies: PROXY_VARIABLES.filter((name) => env[name]),
  };
}

async function readDashboard(url: string | undefined, now: () => number): Promise<DoctorFacts["dashboard"]> {
  if (!url) return undefined;
  if (!URL.canParse(url)) return { type: "failed", at: "name" };
  const { origin } = new URL(url);
  return origin === "null" ? { type: "failed", at: "name" } : ask(`${origin}/healthz`, now);
}
