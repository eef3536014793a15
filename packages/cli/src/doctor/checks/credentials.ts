import { credentialName, fewNames, groupTroubles, type TroubleGroup } from "../../troubles.ts";
import { fleetCheck } from "../check.ts";
import { ok, problem, skipped, warning, type Finding } from "../finding.ts";
import { isRefusedAddress } from "./whitelist.ts";

/** Credentials that are not well, in the words of the page; those that the whitelist stops are a check of their own. */
export const credentials = fleetCheck("credentials", ({ rows }) => {
  if (rows.length === 0) return skipped("No worker has made an account known yet.", "尚无 worker 登记账号。");
  const unwell = rows.filter((row) => row.level !== "ok" && !isRefusedAddress(row));
  if (unwell.length === 0) return ok(`${rows.length}, none in other trouble.`, `共 ${rows.length} 个，没有其他问题。`);
  return groupTroubles(unwell).flatMap((group) => findingOf(group));
});

function findingOf({ level, rows, sentence, remedy }: TroubleGroup): readonly Finding[] {
  const names = rows.map((row) => credentialName(row));
  const judge = level === "bad" ? problem : warning;
  return judge(
    {
      en: `${fewNames(names, "en")}: ${sentence.en}`,
      zh: `${fewNames(names, "zh")}：${sentence.zh}`,
    },
    remedy ?? {
      en: "`tokenkeeper failed` and the credential's page show its history.",
      zh: "`tokenkeeper failed` 与该凭证的页面显示其历史。",
    },
  );
}
