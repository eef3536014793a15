import type { Environment } from "@tokenkeeper/core";
import { UnavailableError } from "@tokenkeeper/ops";
import { CliError } from "../cli-error.ts";
import type { FleetConnection } from "../fleet-connection.ts";
import { ask } from "./ask.ts";
import type { ConfigFacts, DoctorFacts, FleetFacts, LeaderFacts, RedisReach, WechatFacts } from "./doctor-facts.ts";
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
  const parts = 4;
  let done = 0;
  const step = <T>(part: Promise<T>): Promise<T> => part.finally(() => progress((done += 1), parts));
  progress(0, parts);
  const config = readConfig(sources);
  const reading = readRedis(sources);
  const [redis, wechat, leader, dashboard] = await Promise.all([
    step(reading),
    step(fetchesFromWechat(config, reading).then((does) => (does ? readWechat(sources) : undefined))),
    step(readLeader(config, sources.now)),
    step(readDashboard(dashboardUrl, sources.now)),
  ]);
  return { config, ...redis, ...(wechat && { wechat }), ...(leader && { leader }), ...(dashboard && { dashboard }) };
}

/** Whether an account is fetched from WeChat: by the configuration, else by what the workers keep. */
async function fetchesFromWechat(config: ConfigFacts, reading: Promise<{ fleet?: FleetFacts }>): Promise<boolean> {
  if (config.type === "read") return config.following < config.accounts;
  const rows = (await reading).fleet?.rows ?? [];
  return rows.length === 0 || rows.some(({ follows }) => !follows);
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

async function readLeader(config: ConfigFacts, now: () => number): Promise<LeaderFacts | undefined> {
  if (config.type !== "read" || config.leader === undefined) return undefined;
  // The bare path as well: no key is shown, and nothing is counted.
  return { host: new URL(config.leader).host, reach: await ask(`${config.leader}/`, now) };
}

async function readDashboard(url: string | undefined, now: () => number): Promise<DoctorFacts["dashboard"]> {
  if (!url) return undefined;
  if (!URL.canParse(url)) return { type: "failed", at: "name" };
  const { origin } = new URL(url);
  return origin === "null" ? { type: "failed", at: "name" } : ask(`${origin}/healthz`, now);
}
