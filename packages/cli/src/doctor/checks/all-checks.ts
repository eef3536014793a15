import type { Check } from "../check.ts";
import { clockRedis, clockWechat } from "./clocks.ts";
import { config } from "./config.ts";
import { credentials } from "./credentials.ts";
import { dashboard } from "./dashboard.ts";
import { foreignRefreshes } from "./foreign-refreshes.ts";
import { leader } from "./leader.ts";
import { queues } from "./queues.ts";
import { quota } from "./quota.ts";
import { redisMemory } from "./redis-memory.ts";
import { redisPersistence } from "./redis-persistence.ts";
import { redisPolicy } from "./redis-policy.ts";
import { redisRole } from "./redis-role.ts";
import { redisVersion } from "./redis-version.ts";
import { redis } from "./redis.ts";
import { schedulers } from "./schedulers.ts";
import { unknownOutcomes } from "./unknown-outcomes.ts";
import { wechat } from "./wechat.ts";
import { whitelist } from "./whitelist.ts";
import { workers } from "./workers.ts";

/** Every check, in the order in which people read them: what others stand on comes first. */
export const CHECKS: readonly Check[] = [
  config,
  redis,
  redisVersion,
  redisPolicy,
  redisPersistence,
  redisMemory,
  redisRole,
  clockRedis,
  clockWechat,
  wechat,
  leader,
  whitelist,
  workers,
  schedulers,
  queues,
  credentials,
  unknownOutcomes,
  foreignRefreshes,
  quota,
  dashboard,
];
