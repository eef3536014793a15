import { fleetCheck } from "../check.ts";
import { ok, problem, warning } from "../finding.ts";

const HIGH = 0.8;
const FULL = 0.95;

/** Whether Redis has room: when it is full it takes no writes, and nothing is fetched that cannot be stored. */
export const redisMemory = fleetCheck("redis-memory", ({ fleet: { redis } }) => {
  const { usedBytes, limitBytes } = redis;
  const used = mebibytes(usedBytes);
  if (limitBytes === 0) return ok(`${used} used, no limit.`, `已用 ${used}，无上限。`);
  const ratio = usedBytes / limitBytes;
  const percent = `${Math.round(ratio * 100)} %`;
  const sentence = {
    en: `${used} of ${mebibytes(limitBytes)} used, ${percent}.`,
    zh: `已用 ${used} / ${mebibytes(limitBytes)}，${percent}。`,
  };
  if (ratio < HIGH) return ok(sentence.en, sentence.zh);
  const judge = ratio < FULL ? warning : problem;
  return judge(sentence, {
    en: "Raise maxmemory, or give what else uses this Redis one of its own: when it is full, no new value can be stored.",
    zh: "请提高 maxmemory，或让使用此 Redis 的其他程序改用别的实例：写满后无法存储新值。",
  });
});

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
