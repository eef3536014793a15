import { acceptedSoFar, force, seeAppsAtWork, seeRefreshed } from "./acts.ts";
import { defineDrill, ensure } from "./drill.ts";
import type { AccountSettings } from "./wechat.ts";

interface State {
  readonly before: Omit<AccountSettings, "secret">;
  job: string;
  accepted: number[];
}

/** Addresses for examples: RFC 5737. */
const [LISTED, NEW_IP] = ["203.0.113.10", "198.51.100.23"];

/** The workers call from an address that is not on the whitelist. */
export const whitelistChanged = defineDrill<State>({
  name: "whitelist-changed",
  title: { zh: "出口 IP 不在白名单（40164）", en: "an address that is not on the whitelist (40164)" },
  // WeChat checks every call for an official account: those of its apps would fail with it.
  suits: ({ family }) => family === "mini-program",
  calls: "account",
  begin: async ({ wechat, account }) => ({ before: await wechat.settings(account.id), job: "", accepted: [] }),
  steps: [
    {
      what: {
        zh: "（演练）worker 的出口 IP 变了；强制刷新，让系统发现：`pnpm cli refresh <account> --force`",
        en: "(The drill) the workers' address has changed; force a refresh, so that it shows: `pnpm cli refresh <account> --force`",
      },
      check: {
        zh: "任务以 40164 失败，页面 `/` 与 `pnpm cli failed` 写着微信看到的 IP",
        en: "The job fails with 40164; the page `/` and `pnpm cli failed` name the address that WeChat saw",
      },
      async act(ground, state) {
        await ground.wechat.change(ground.account.id, { whitelist: [LISTED], egressIp: NEW_IP });
        state.job = await force(ground);
      },
      async see({ keeper, account }, { job }) {
        const end = await keeper.endOf(job);
        ensure(end.type === "failed" && end.reason.includes(NEW_IP), "the job did not fail with the address");
        const { state, trouble } = await keeper.rowOf(account.id);
        ensure(trouble?.remedy.en.includes(NEW_IP) === true, "the page does not name the address");
        return `${state}, ${trouble.code}, ${NEW_IP}`;
      },
    },
    {
      what: {
        zh: "不要急：已存储的值仍然有效。看一眼业务应用",
        en: "Take your time: the stored value is valid still. Look at the apps",
      },
      check: { zh: "业务应用照常工作", en: "Apps go on" },
      async act(ground, state) {
        state.accepted = acceptedSoFar(ground);
      },
      see: async (ground, { accepted }) => seeAppsAtWork(ground, accepted),
    },
    {
      what: {
        zh: "在公众平台把该 IP 加入白名单（基本配置），等待几分钟",
        en: "Add the address to the whitelist in the WeChat console (基本配置), and wait some minutes",
      },
      check: { zh: "白名单中有该 IP", en: "The address is on the list" },
      act: ({ wechat, account }) => wechat.change(account.id, { whitelist: [LISTED, NEW_IP] }),
      async see({ wechat, account }) {
        const { whitelist } = await wechat.settings(account.id);
        ensure(whitelist?.includes(NEW_IP) === true, "it is not on the list");
        return whitelist.join(", ");
      },
    },
    {
      what: {
        zh: "重跑失败的任务：`pnpm cli rerun --account <account>`，或在页面 `/` 按“重试”",
        en: "Run the failed job again: `pnpm cli rerun --account <account>`, or press retry on the page `/`",
      },
      check: { zh: "任务成功，状态恢复正常", en: "The job succeeds, and the state is healthy" },
      async act({ keeper, ref }) {
        await keeper.actions.rerun([ref]);
      },
      async see(ground, { job }) {
        const seen = await seeRefreshed(ground, job);
        const { state } = await ground.keeper.rowOf(ground.account.id);
        ensure(state === "healthy", `the state is ${state}`);
        return seen;
      },
    },
  ],
  async restore({ wechat, account }, { before }) {
    await wechat.change(account.id, { whitelist: before.whitelist, egressIp: before.egressIp });
  },
});
