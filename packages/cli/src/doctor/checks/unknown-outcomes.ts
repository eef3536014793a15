import { credentialName, fewNames } from "../../troubles.ts";
import { fleetCheck } from "../check.ts";
import { ok, warning } from "../finding.ts";

/** Fetches whose end nobody saw. */
export const unknownOutcomes = fleetCheck("unknown-outcomes", ({ rows }) => {
  const names = rows.filter(({ unknown }) => unknown).map((row) => credentialName(row));
  if (names.length === 0) return ok("None.", "没有。");
  return warning(
    {
      en: `The outcome of a fetch is not known: ${fewNames(names, "en")}.`,
      zh: `获取结果未知：${fewNames(names, "zh")}。`,
    },
    {
      en: "It is fetched again by itself, and once more after 60 to 90 s. When it goes on, replies of WeChat get lost: check network and load of the workers.",
      zh: "系统会自动重新获取，并在 60 至 90 秒后补刷。若持续出现，说明微信的应答丢失：请检查 worker 的网络与负载。",
    },
  );
});
