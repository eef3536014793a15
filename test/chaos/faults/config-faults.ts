// What happens to the configuration file while the workers run.
import { createHash } from "node:crypto";
import { recordKey } from "@tokenkeeper/shared/contract";
import { eventually } from "../../support/eventually.ts";
import type { Arena } from "../arena.ts";
import type { Fault } from "./fault.ts";

const PATIENCE_MS = 8_000;

/** Waits until a worker has written such a line since `from` (epoch ms). @returns how many workers have. */
async function told({ fleet }: Arena, msg: string, from: number): Promise<number> {
  const tellers = (): number =>
    fleet.slots.filter(({ current }) =>
      current.lines.some(({ at, text }) => at >= from && text.includes(`"msg":"${msg}"`)),
    ).length;
  const requireOne = (): void => {
    if (tellers() === 0) throw new Error("no worker has");
  };
  await eventually(requireOne, { what: `a worker to write ${msg}`, timeoutMs: PATIENCE_MS });
  return tellers();
}

export const CONFIG_FAULTS: readonly Fault[] = [
  {
    kind: "broken configuration",
    lane: "work",
    async inject(arena) {
      const from = Date.now();
      await arena.fleet.breakConfig();
      try {
        const count = await told(arena, "config.rejected", from);
        return { took: count > 0, detail: `${count} workers kept the one before` };
      } finally {
        await arena.fleet.configure((same) => same);
      }
    },
  },
  {
    kind: "account added to the configuration",
    lane: "work",
    async inject(arena) {
      const { spare, fleet, redis } = arena;
      const key = recordKey({ account: spare.appId, kind: "access_token" });
      const requireRecord = async (): Promise<void> => {
        if ((await redis.redis.exists(key)) === 0) throw new Error("it has no token");
      };
      await fleet.configure((accounts) => [...accounts, spare]);
      try {
        await eventually(requireRecord, { what: "a token of the new account", timeoutMs: PATIENCE_MS });
        return { took: true, detail: `${spare.name} had a token, and was taken out again` };
      } finally {
        await fleet.configure((accounts) => accounts.filter((account) => account !== spare));
      }
    },
  },
  {
    kind: "secret changed",
    lane: "work",
    async inject(arena, random) {
      const credential = random.pick((await arena.unscathed.find()).filter(({ kind }) => kind === "access_token"));
      const { appId, name } = credential.account;
      const secret = createHash("sha256").update(`changed ${random.next()}`).digest("hex").slice(0, 32);
      arena.secrets.push(secret);
      const from = Date.now();
      await arena.wechat.changeSecret(appId, secret);
      await arena.fleet.configure((accounts) =>
        accounts.map((account) => (account.appId === appId ? { ...account, secret } : account)),
      );
      await told(arena, "config.reloaded", from);
      await arena.makeDue(credential);
      const requireFetch = async (): Promise<void> => {
        await arena.wechat.poll();
        const fetched = arena.wechat.events.some(
          (event) => event.appId === appId && event.at >= from && event.call.includes("token") && event.errcode === 0,
        );
        if (!fetched) throw new Error("nobody has fetched with it");
      };
      await eventually(requireFetch, { what: "a fetch with the new secret", timeoutMs: PATIENCE_MS });
      return { took: true, detail: name };
    },
  },
];
