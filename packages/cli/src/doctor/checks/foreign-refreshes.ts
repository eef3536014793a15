import { fewNames } from "../../troubles.ts";
import { fleetCheck } from "../check.ts";
import { ok, problem } from "../finding.ts";

/** Whether another system was seen today to fetch tokens of our accounts. */
export const foreignRefreshes = fleetCheck("foreign-refreshes", ({ rows }) => {
  const names = rows.filter(({ foreign }) => foreign > 0).map(({ name, foreign }) => `${name} × ${foreign}`);
  if (names.length === 0) return ok("None was seen today.", "今日没有发现。");
  return problem(
    {
      en: `Another system fetches the token of ${fewNames(names, "en")} today.`,
      zh: `今日有其他系统在获取 ${fewNames(names, "zh")} 的 token。`,
    },
    {
      en: "Find it and make it read from here (docs/integrations.md), or set `token: stable` for the account: those tokens are apart from classic ones.",
      zh: "请找到它并改为从这里读取（docs/integrations.md），或把该账号设为 `token: stable`：稳定版与普通版的 token 互不影响。",
    },
  );
});
