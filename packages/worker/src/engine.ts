import { randomUUID } from "node:crypto";
import type { Durations, Log } from "@tokenkeeper/core";
import type { Clock } from "@tokenkeeper/shared/contract";
import type { Credentials } from "./credentials.ts";
import { observeAttempts, observeHttp, observeRefresher, observeStore } from "./metrics/observed.ts";
import type { WorkerMeter } from "./metrics/worker-metrics.ts";
import type { Connections } from "./queues/connections.ts";
import { createAttempt } from "./refresh/attempt.ts";
import { createLook } from "./refresh/look.ts";
import { createMemory } from "./refresh/memory.ts";
import { createQuotaReset, type ResetQuota } from "./refresh/quota-reset.ts";
import { createRefresher, type Refresher } from "./refresh/refresh.ts";
import { createRepair, type Repair } from "./refresh/repair.ts";
import type { CredentialStore } from "./store/credential-store.ts";
import { createFindLost } from "./store/find-lost.ts";
import { createQuotaResets } from "./store/quota-resets.ts";
import { createRedisCredentialStore } from "./store/redis-credential-store.ts";
import { createWechatHttp, type WechatHttp } from "./wechat/http.ts";

/** What looks at credentials and fetches them, without queues: each part counted. */
export interface Engine {
  readonly http: WechatHttp;
  readonly store: CredentialStore;
  readonly repair: Repair;
  readonly refresher: Refresher;
  readonly resetQuota: ResetQuota;
}

/** What it is made from. */
export interface EngineDeps {
  readonly command: Connections["command"];
  /** WeChat's. */
  readonly origin: string;
  readonly credentials: Credentials;
  readonly meter: WorkerMeter;
  /** Called after each look at what is due. */
  readonly onLook: () => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly durations: Durations;
  readonly log: Log;
}

/** Part of the composition root. */
export function createEngine(deps: EngineDeps): Engine {
  const { command, origin, credentials, meter, onLook, clock, random, durations, log } = deps;
  const edge = createWechatHttp({ origin, deadlineMs: durations.http, connectMs: durations.httpConnect });
  const http = observeHttp(edge, { meter, clock });
  const store = observeStore(createRedisCredentialStore(command, clock), { meter, credentials });
  const memory = createMemory();
  const repair = createRepair({ store, findLost: createFindLost(command), clock, durations, log });
  const shared = { store, memory, clock, durations, newAttemptId: randomUUID, log };
  const runAttempt = observeAttempts(createAttempt({ ...shared, http, repair, random }), { meter, clock });
  const refresher = createRefresher({ ...shared, look: createLook(shared), runAttempt });
  return {
    http,
    store,
    repair,
    refresher: observeRefresher(refresher, { meter, onLook }),
    resetQuota: createQuotaReset({ resets: createQuotaResets(command), credentials, http, memory, clock, log }),
  };
}
