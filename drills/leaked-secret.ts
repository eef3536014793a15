import { randomBytes } from "node:crypto";
import { FORCE, FORCE_AGAIN, seeRefused } from "./acts.ts";
import { defineDrill, ensure } from "./drill.ts";
import type { Ground } from "./ground.ts";

type Family = "stable" | "classic";

interface State {
  readonly old: string;
  readonly fresh: string;
  /** As configured. */
  readonly family: Family;
  /** Tokens that the thief has fetched with the old secret, one of each family. */
  readonly stolen: readonly string[];
  job: string;
  /** When the file was last written, monotonic ms. */
  writtenAt: number;
}

const OTHER: Readonly<Record<Family, Family>> = { stable: "classic", classic: "stable" };

/** An AppSecret is in wrong hands. */
export const leakedSecret = defineDrill<State>({
  name: "leaked-secret",
  title: { zh: "AppSecret 泄露", en: "a leaked AppSecret" },
  suits: () => true,
  calls: "account",
  async begin({ config, account, wechat }) {
    const { secret, token } = config.account(account.id);
    const old = secret.reveal();
    const stolen = [];
    for (const family of ["stable", "classic"] as const) {
      stolen.push((await wechat.fetchToken(family, account.id, old)).access_token ?? "");
    }
    return { old, fresh: randomBytes(16).toString("hex"), family: token, stolen, job: "", writtenAt: 0 };
  },
  steps: [
    {
      what: {
        zh: "在公众平台重置 AppSecret（基本配置）。旧密钥立即失效，已签发的 token 不受影响",
        en: "Reset the AppSecret in the WeChat console (基本配置). The old one dies at once; tokens that were issued do not",
      },
      check: { zh: "旧密钥已不能获取 token", en: "The old secret fetches no token any more" },
      act: ({ wechat, account }, { fresh }) => wechat.change(account.id, { secret: fresh }),
      async see({ wechat, account }, { family, old }) {
        const { errcode = 0 } = await wechat.fetchToken(family, account.id, old);
        ensure(errcode !== 0, "WeChat still takes it");
        return `errcode ${errcode}`;
      },
    },
    {
      what: {
        zh: "把新密钥写入配置文件（或 `secretFile` 指向的文件），等待 10 秒；写在环境变量中的，重启 worker",
        en: "Write the new secret into the configuration file, or the file that `secretFile` names, and wait 10 s; where it stands in a variable, restart the workers",
      },
      check: {
        zh: "配置文件没有问题：`pnpm cli doctor`",
        en: "The file has no fault: `pnpm cli doctor`",
      },
      async act({ config, account }, state) {
        config.setSecret(account.id, state.fresh);
        state.writtenAt = performance.now();
      },
      async see(ground, state) {
        ensure(ground.config.account(ground.account.id).secret.reveal() === state.fresh, "the file has another secret");
        requirePickedUp(ground, state);
        return "the file is read without a problem";
      },
    },
    FORCE,
    FORCE_AGAIN,
    {
      what: {
        zh: "窃取者可能还取了另一种 token：把该账号的 `token` 改为另一种（`stable` ↔ `classic`），等待 10 秒",
        en: "Whoever had the secret may hold a token of the other family: set the account's `token` to the other one (`stable` ↔ `classic`), and wait 10 s",
      },
      check: { zh: "`pnpm cli accounts` 显示另一种", en: "`pnpm cli accounts` shows the other one" },
      act: (ground, state) => setFamily(ground, state, OTHER[state.family]),
      see: (ground, state) => seeFamily(ground, state, OTHER[state.family]),
    },
    FORCE,
    FORCE_AGAIN,
    {
      what: { zh: "把 `token` 改回来，等待 10 秒", en: "Set `token` back, and wait 10 s" },
      check: { zh: "`pnpm cli accounts` 显示原来的", en: "`pnpm cli accounts` shows the former one" },
      act: (ground, state) => setFamily(ground, state, state.family),
      see: (ground, state) => seeFamily(ground, state, state.family),
    },
    {
      what: { zh: "用窃取的两个 token 各调用一次微信", en: "Call WeChat with the stolen token of each family" },
      check: { zh: "微信都拒绝", en: "WeChat refuses both" },
      act: async () => undefined,
      async see(ground, { stolen }) {
        const seen = [];
        for (const token of stolen) seen.push(await seeRefused(ground, token));
        return seen.join(", ");
      },
    },
  ],
  async restore({ wechat, account, config }, { old }) {
    await wechat.change(account.id, { secret: old });
    config.restore();
  },
});

async function setFamily({ config, account }: Ground, state: State, family: Family): Promise<void> {
  config.setToken(account.id, family);
  state.writtenAt = performance.now();
}

async function seeFamily(ground: Ground, state: State, family: Family): Promise<string> {
  const entry = (await ground.keeper.accounts()).find(({ id }) => id === ground.account.id);
  ensure(entry?.token === family, `the account is ${entry?.token ?? "not known"}`);
  requirePickedUp(ground, state);
  return family;
}

/** Every worker has looked at the file: one that has not would fetch as before. */
function requirePickedUp({ durations }: Ground, { writtenAt }: State): void {
  ensure(performance.now() - writtenAt >= 2 * durations.configCheck, "workers have not looked at the file yet");
}
