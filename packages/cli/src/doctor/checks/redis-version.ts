import { fleetCheck } from "../check.ts";
import { ok, problem } from "../finding.ts";

/** The oldest that is supported. */
const NEEDED = [6, 2] as const;

/** Whether Redis is new enough. */
export const redisVersion = fleetCheck("redis-version", ({ fleet: { redis } }) => {
  const [major = 0, minor = 0] = redis.version.split(".").map(Number);
  const enough = major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
  if (enough) return ok(`Version ${redis.version}.`, `版本 ${redis.version}。`);
  const needed = NEEDED.join(".");
  return problem(
    { en: `Redis is of version ${redis.version || "?"}.`, zh: `Redis 版本为 ${redis.version || "?"}。` },
    {
      en: `Move to ${needed} or later; 7 or later for the users of docs/key-contract.md.`,
      zh: `请升级到 ${needed} 或更高版本；使用 docs/key-contract.md 中的用户需要 7 或更高版本。`,
    },
  );
});
