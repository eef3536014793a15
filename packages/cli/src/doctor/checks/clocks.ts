import type { Bilingual } from "@tokenkeeper/core";
import { spanOf } from "@tokenkeeper/ops";
import type { Check } from "../check.ts";
import { ok, problem, skipped, warning, type Finding } from "../finding.ts";
import { NOTHING_FROM_WECHAT } from "./reach-words.ts";

/** BullMQ counts times of jobs by the clocks of those who make and run them, ms. */
const NOTICEABLE = 2_000;
const SEVERE = 30_000;
/** WeChat tells its time in whole seconds, and the answer takes a while on the way, ms. */
const COARSE = 3_000;

const REMEDY: Bilingual = {
  en: "Switch on time synchronisation (NTP, such as chrony) on this machine and on that of Redis; jobs run early or late by as much.",
  zh: "请在本机与 Redis 所在机器上启用时间同步（NTP，如 chrony）；任务会相应提前或推迟执行。",
};

/** This machine's clock against that of Redis. */
export const clockRedis: Check = {
  name: "clock-redis",
  judge: ({ redis }) =>
    redis.type === "reached"
      ? judge(redis.aheadMs, { of: { en: "Redis", zh: " Redis " }, noticeable: NOTICEABLE + redis.withinMs })
      : skipped("Redis does not tell: see above.", "Redis 未给出信息，见上。"),
};

/** This machine's clock against that of WeChat. */
export const clockWechat: Check = {
  name: "clock-wechat",
  judge({ wechat }) {
    if (!wechat) return skipped(NOTHING_FROM_WECHAT.en, NOTHING_FROM_WECHAT.zh);
    const { reach } = wechat;
    return reach.type === "answered" && reach.aheadMs !== undefined
      ? judge(reach.aheadMs, { of: { en: "WeChat", zh: "微信" }, noticeable: NOTICEABLE + COARSE })
      : skipped("WeChat tells no time: see below.", "微信未给出时间，见下。");
  },
};

function judge(
  aheadMs: number,
  { of, noticeable }: { readonly of: Bilingual; readonly noticeable: number },
): readonly Finding[] {
  const off = Math.abs(aheadMs);
  if (off <= noticeable) return ok(`As that of ${of.en}.`, `与${of.zh}一致。`);
  const sentence = {
    en: `This machine's clock is ${spanOf(off, "en")} ${aheadMs > 0 ? "ahead of" : "behind"} that of ${of.en}.`,
    zh: `本机时钟比${of.zh}${aheadMs > 0 ? "快" : "慢"} ${spanOf(off, "zh")}。`,
  };
  return off < SEVERE ? warning(sentence, REMEDY) : problem(sentence, REMEDY);
}
