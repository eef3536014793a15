import { fleetCheck } from "../check.ts";
import { ok, problem } from "../finding.ts";

/** Whether it is the Redis that takes writes. */
export const redisRole = fleetCheck("redis-role", ({ fleet: { redis } }) =>
  redis.role === "master"
    ? ok("It takes writes.", "可写（主节点）。")
    : problem(
        { en: "REDIS_URL leads to a replica: nothing can be written.", zh: "REDIS_URL 指向副本，无法写入。" },
        {
          en: "Let REDIS_URL name the master; after a failover, see that the address has moved with it.",
          zh: "请让 REDIS_URL 指向主节点；故障切换后请确认地址已随之切换。",
        },
      ),
);
