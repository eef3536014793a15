import { fleetCheck } from "../check.ts";
import { ok, problem } from "../finding.ts";

/** Whether Redis throws keys away when its memory is full. */
export const redisPolicy = fleetCheck("redis-policy", ({ fleet: { redis } }) =>
  redis.policy === "noeviction"
    ? ok("Nothing is evicted.", "不淘汰任何键。")
    : problem(
        {
          en: `maxmemory-policy is ${redis.policy}: Redis may throw tokens and jobs away.`,
          zh: `maxmemory-policy 为 ${redis.policy}：Redis 可能丢弃凭证与任务。`,
        },
        {
          en: "Set it: `CONFIG SET maxmemory-policy noeviction`, and the same in its configuration file.",
          zh: "请执行 `CONFIG SET maxmemory-policy noeviction`，并写入其配置文件。",
        },
      ),
);
