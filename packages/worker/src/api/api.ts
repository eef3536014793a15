import type { ApiConfig, Durations, Log } from "@tokenkeeper/core";
import type { Clock } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import type { Credentials } from "../credentials.ts";
import { StartError } from "../start-error.ts";
import { createGivenTokens } from "../store/given-tokens.ts";
import { createFollowerStore } from "../store/follower-store.ts";
import { createUsageStore } from "../store/usage-store.ts";
import { createApp } from "./app.ts";
import { createConfigInForce } from "./config-in-force.ts";
import { createFollow } from "./follow.ts";
import { createFollowers } from "./followers.ts";
import { createHolders } from "./holders.ts";
import { createLimits } from "./limits.ts";
import { listen } from "./listen.ts";
import { createReadings } from "./readings.ts";
import { createServing } from "./serving.ts";
import { createUsage, type UsageResult } from "./usage.ts";
import { createTicketCallers } from "./wechat-tickets.ts";

/** The token HTTP API, or nothing at all when the configuration at the start has no section `api`. */
export interface Api {
  /** @throws StartError when it cannot listen there. */
  listen(): Promise<void>;
  /** Takes over a changed section. */
  replace(section: ApiConfig | undefined): void;
  /** Hands on what was counted. Never rejects. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** What it works with. */
export interface ApiDeps {
  readonly section: ApiConfig | undefined;
  readonly redisUrl: string;
  /** The worker's own connection, for what the API writes down. */
  readonly command: Redis;
  readonly credentials: Credentials;
  readonly durations: Durations;
  readonly clock: Clock;
  /** Told what each request came to. */
  readonly onUse: (result: UsageResult) => void;
  readonly log: Log;
}

/** Puts the API together. */
export function createApi(deps: ApiDeps): Api {
  const { section, redisUrl, command, credentials, durations, clock, onUse, log } = deps;
  const config = createConfigInForce(section, log);
  const usage = createUsage({ store: createUsageStore(command, clock), onUse, log });
  const followers = createFollowers({ store: createFollowerStore(command), durations, clock, log });
  const closers: (() => Promise<void> | void)[] = [];

  async function open({ host, port }: ApiConfig): Promise<void> {
    const readings = createReadings(redisUrl, durations, clock);
    closers.push(() => readings.close());
    const serving = createServing({ keys: () => config.keys(), credentials, readings, limits: createLimits() });
    const holders = createHolders(createGivenTokens(command), clock, durations);
    const ticketCallers = createTicketCallers({ serving, credentials, holders, durations });
    const follow = createFollow({ serving, readings, followers });
    const app = createApp({ serving, readings, follow, ticketCallers, holders, usage, durations, log });
    const listening = await listen(app, { host, port, onRefused: (result) => usage.count({ result }) }).catch(() => {
      throw new StartError(
        "port",
        `The token API cannot listen at ${host} port ${port}: another program does, or the address is not this machine's. Change api.port or api.host.`,
      );
    });
    closers.push(() => listening.close());
    log.info({ host, port, keys: config.keys().length }, "api.started");
  }

  async function flush(): Promise<void> {
    await usage.flush();
    await followers.flush();
  }

  return {
    async listen() {
      if (section) await open(section);
    },
    replace: (next) => config.replace(next),
    flush,
    async close() {
      for (const close of closers.toReversed()) await close();
      await flush();
    },
  };
}
