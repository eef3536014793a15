import { acceptedSoFar, FORCE, FORCE_AGAIN, seeAppsAtWork, seeRefused } from "./acts.ts";
import { defineDrill, ensure } from "./drill.ts";

/** An access token is in wrong hands. */
export const leakedToken = defineDrill<{ leaked: string; job: string; accepted: number[] }>({
  name: "leaked-token",
  title: { zh: "access_token 泄露", en: "a leaked access token" },
  suits: () => true,
  calls: "account",
  begin: async ({ apps, account }) => ({ leaked: await apps[0].token(account.name), job: "", accepted: [] }),
  steps: [
    {
      what: {
        zh: "确认泄露的是当前值：比较指纹（页面 `/credentials/<account>/access_token`，或 `pnpm cli get <account>`）",
        en: "See that the leaked value is the stored one: compare fingerprints (page `/credentials/<account>/access_token`, or `pnpm cli get <account>`)",
      },
      check: { zh: "微信仍接受泄露的值", en: "WeChat still accepts the leaked value" },
      async act(ground, state) {
        state.accepted = acceptedSoFar(ground);
      },
      async see(ground, { leaked, accepted }) {
        const { errcode = 0 } = await ground.wechat.businessCall(leaked);
        ensure(errcode === 0, `WeChat refuses it already: ${errcode}`);
        return seeAppsAtWork(ground, accepted);
      },
    },
    FORCE,
    FORCE_AGAIN,
    {
      what: { zh: "用泄露的值调用一次微信", en: "Call WeChat with the leaked value" },
      check: { zh: "微信拒绝它，业务应用照常工作", en: "WeChat refuses it, and the apps go on" },
      async act(ground, state) {
        state.accepted = acceptedSoFar(ground);
      },
      async see(ground, { leaked, accepted }) {
        const refused = await seeRefused(ground, leaked);
        return `${refused}, ${seeAppsAtWork(ground, accepted)}`;
      },
    },
  ],
  restore: async () => undefined,
});
