import type { Check } from "../check.ts";
import { ok, problem } from "../finding.ts";

/** Whether Redis answers. */
export const redis: Check = {
  name: "redis",
  judge({ redis: reach, fleet }) {
    if (reach.type === "unnamed") {
      return problem(
        { en: "No Redis is named.", zh: "未指定 Redis。" },
        {
          en: "Set REDIS_URL to the Redis of the workers, or run the command where `start` runs.",
          zh: "请把 REDIS_URL 设为 worker 所用的 Redis，或在运行 `start` 的目录中执行命令。",
        },
      );
    }
    if (reach.type === "silent" || !fleet) {
      return problem(
        { en: "Redis does not answer, or refuses.", zh: "Redis 无响应或拒绝访问。" },
        {
          en: "Check that it runs and can be reached from here, REDIS_URL with its password, and the rights of its user (docs/key-contract.md). Apps serve from memory until their values end.",
          zh: "请检查其是否运行、能否从此处连接、REDIS_URL 及其中的密码，以及该用户的权限（docs/key-contract.md）。应用在凭证过期前会用内存中的值。",
        },
      );
    }
    return ok("Redis answers.", "Redis 正常响应。");
  },
};
