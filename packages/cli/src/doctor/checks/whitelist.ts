import { explainCode } from "@tokenkeeper/core";
import type { Row } from "@tokenkeeper/ops";
import { credentialName, fewNames } from "../../troubles.ts";
import { fleetCheck } from "../check.ts";
import { ok, problem, skipped, type Finding } from "../finding.ts";
import { NOTHING_FROM_WECHAT } from "./reach-words.ts";

/** WeChat's codes for an address that is not on the whitelist. */
const CODES: readonly string[] = ["40164", "61004", "45035"];

/** Whether WeChat refuses the workers' address for it. What is read from a leader is not fetched from here. */
export function isRefusedAddress({ trouble, follows }: Row): boolean {
  return !follows && trouble !== undefined && CODES.includes(trouble.code);
}

/**
 * The workers' address as WeChat sees it. WeChat tells it only where it refuses, in the refusal's text; asking for one would
 * take a call with a secret, so the refusals that workers met are looked at and none is provoked.
 */
export const whitelist = fleetCheck("whitelist", ({ rows, refusedAddresses }) => {
  const fetched = rows.filter(({ follows }) => !follows);
  if (rows.length > 0 && fetched.length === 0) return skipped(NOTHING_FROM_WECHAT.en, NOTHING_FROM_WECHAT.zh);
  const refused = fetched.filter((row) => isRefusedAddress(row));
  if (refused.length === 0) return accepted(fetched);
  return [...Map.groupBy(refused, ({ id }) => refusedAddresses[id])].flatMap(([ip, group]) => finding(ip, group));
});

/** Each account has a whitelist of its own. */
function accepted(rows: readonly Row[]): readonly Finding[] {
  const all = new Set(rows.map(({ account }) => account)).size;
  const some = new Set(rows.filter(({ last }) => last?.outcome === "refreshed").map(({ account }) => account)).size;
  if (some === 0) {
    return skipped(
      "WeChat tells the workers' address only when it refuses, and nothing was fetched yet.",
      "微信仅在拒绝时给出 worker 的出口 IP，而目前尚未获取过凭证。",
    );
  }
  if (some < all) {
    return ok(
      `WeChat accepts the workers' address for ${some} of ${all} accounts; the others have fetched nothing yet, or failed for another reason.`,
      `微信已为 ${all} 个账号中的 ${some} 个接受 worker 的出口 IP；其余账号尚未获取过凭证，或因其他原因失败。`,
    );
  }
  return ok(
    "WeChat accepts the workers' address for every account; it tells the address only when it refuses.",
    "微信为所有账号接受 worker 的出口 IP（微信仅在拒绝时给出该 IP）。",
  );
}

function finding(ip: string | undefined, group: readonly Row[]): ReturnType<typeof problem> {
  const { meaning, remedy } = explainCode(group[0]?.trouble?.code ?? "", "token", ip);
  const names = group.map((row) => credentialName(row));
  return problem(
    {
      en: `${fewNames(names, "en")}: ${meaning.en}.`,
      zh: `${fewNames(names, "zh")}：${meaning.zh}。`,
    },
    { en: `${remedy.en}.`, zh: `${remedy.zh}。` },
  );
}
