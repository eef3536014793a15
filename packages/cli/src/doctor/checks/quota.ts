import { credentialName, fewNames } from "../../troubles.ts";
import { fleetCheck } from "../check.ts";
import { ok, problem, warning } from "../finding.ts";

/** Part of our own cap from which somebody should look. */
const HIGH = 0.8;

/** The day's fetches against the cap on those that happen by themselves. */
export const quota = fleetCheck("quota", ({ rows }) => {
  const high = rows.filter(({ used, cap }) => used >= HIGH * cap);
  if (high.length === 0) return ok("All below 80 % of the day's cap.", "均低于当日上限的 80%。");
  const names = high.map((row) => `${credentialName(row)} ${row.used}/${row.cap}`);
  const judge = high.some(({ used, cap }) => used >= cap) ? problem : warning;
  return judge(
    {
      en: `Many fetches today: ${fewNames(names, "en")}.`,
      zh: `今日获取次数过多：${fewNames(names, "zh")}。`,
    },
    {
      en: "Something makes it refresh far too often: look at the reasons in its history. At the cap only missing, expired or due values are fetched; the count begins anew at midnight in Beijing.",
      zh: "有原因导致其频繁刷新：请查看历史中的原因。达到上限后仅在缺失、过期或到期时获取；北京时间零点重新计数。",
    },
  );
});
