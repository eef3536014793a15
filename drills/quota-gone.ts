import { force, FORCE, seeRefreshed } from "./acts.ts";
import { defineDrill, ensure, FinalError } from "./drill.ts";
import type { AccountSettings } from "./wechat.ts";

interface State {
  readonly before: Omit<AccountSettings, "secret">;
  job: string;
  lastCall: number;
}

/** So that the end comes within minutes. */
const SHORT_LIFE_SECONDS = 300;

/** The day's quota of the classic call is used up. */
export const quotaGone = defineDrill<State>({
  name: "quota-gone",
  title: { zh: "当日配额用完（45009）", en: "the day's quota is used up (45009)" },
  suits: ({ token }) => token === "classic",
  calls: "account",
  begin: async ({ wechat, account }) => ({ before: await wechat.settings(account.id), job: "", lastCall: 0 }),
  steps: [
    {
      ...FORCE,
      what: {
        zh: "（演练）让新 token 只活几分钟，并强制刷新：`pnpm cli refresh <account> --force`",
        en: "(The drill) let new tokens live for some minutes only, and force one: `pnpm cli refresh <account> --force`",
      },
      async act(ground, state) {
        await ground.wechat.change(ground.account.id, { tokenLifeSeconds: SHORT_LIFE_SECONDS });
        state.job = await force(ground);
      },
    },
    {
      what: {
        zh: "（演练）有人用完了当日配额；再强制刷新一次，让系统发现：`pnpm cli refresh <account> --force`",
        en: "(The drill) somebody used the quota up; force once more, so that it shows: `pnpm cli refresh <account> --force`",
      },
      check: {
        zh: "任务以 45009 失败，页面 `/` 显示“冷却中”，业务应用仍有值",
        en: "The job fails with 45009, the page `/` says “Cooling down”, and apps still have a value",
      },
      async act(ground, state) {
        const { wechat, account } = ground;
        const quotas = { ...state.before.quotas, classicPerDay: await wechat.classicUsed(account.id) };
        await wechat.change(account.id, { quotas });
        state.lastCall = await wechat.lastCall();
        state.job = await force(ground);
      },
      async see({ keeper, account }, { job }) {
        const end = await keeper.endOf(job);
        ensure(end.type === "failed", "the job did not fail");
        const { state, served, trouble } = await keeper.rowOf(account.id);
        ensure(trouble?.code === "45009" && served, `the state is ${state}, the code ${trouble?.code}`);
        return `${state}, ${trouble.code}`;
      },
    },
    {
      what: {
        zh: "什么都不做：快到期时系统自动改取稳定版 token（`fallback: never` 的账号不会）",
        en: "Do nothing: near the end of its token the account takes a stable one by itself (not with `fallback: never`)",
      },
      check: { zh: "业务应用得到了稳定版 token", en: "Apps have a stable token" },
      act: async () => undefined,
      async see({ keeper, wechat, account }, { lastCall }) {
        const calls = await wechat.callsAfter(lastCall, account.id);
        ensure(
          calls.some(({ call, errcode }) => call === "stable_token" && errcode === 0),
          "no stable token was fetched yet",
        );
        const { served } = await keeper.rowOf(account.id);
        ensure(served, "apps have no value");
        return "a stable token was fetched, and apps have it";
      },
    },
    {
      what: {
        zh: "查明是谁在获取并停掉它；然后在凭证页 `/credentials/<account>/access_token` 按“重置微信配额”（每月 10 次）",
        en: "Find out who fetches and stop it; then press “Reset WeChat's quota” on the page `/credentials/<account>/access_token` (10 a month)",
      },
      check: { zh: "任务成功", en: "The job succeeds" },
      async act({ keeper, account }, state) {
        state.job = await keeper.actions.resetQuota(account);
      },
      async see({ keeper }, { job }) {
        const end = await keeper.endOf(job);
        if (end.type === "failed") throw new FinalError(end.reason);
        return "WeChat has set the counters back";
      },
    },
    {
      ...FORCE,
      check: { zh: "普通版 token 又能获取", en: "Classic tokens can be fetched again" },
      async act(ground, state) {
        state.lastCall = await ground.wechat.lastCall();
        state.job = await force(ground);
      },
      async see(ground, { job, lastCall }) {
        const seen = await seeRefreshed(ground, job);
        const calls = await ground.wechat.callsAfter(lastCall, ground.account.id);
        ensure(
          calls.some(({ call, errcode }) => call === "token" && errcode === 0),
          "no classic token was fetched",
        );
        return seen;
      },
    },
  ],
  async restore({ wechat, account }, { before }) {
    await wechat.change(account.id, { tokenLifeSeconds: before.tokenLifeSeconds, quotas: before.quotas });
  },
});
