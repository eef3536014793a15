// What happens at WeChat and on the way to it.
import { setTimeout as sleep } from "node:timers/promises";
import type { FaultInput, LogEvent } from "@tokenkeeper/simulator";
import { eventually } from "../../support/eventually.ts";
import type { Arena } from "../arena.ts";
import type { ChaosCredential } from "../population.ts";
import type { Random } from "../random.ts";
import type { Fault, FaultResult } from "./fault.ts";

type Call = FaultInput["call"];

/** How long the credentials that were made due may take to be fetched; the fault of the other lane delays them, ms. */
const PATIENCE_MS = 4_000;

function callOf({ account, kind }: ChaosCredential): Call {
  if (kind === "jsapi_ticket") return "getticket:jsapi";
  if (kind === "wx_card_ticket") return "getticket:wx_card";
  return account.token === "classic" ? "token" : "stable_token";
}

/** Makes some credentials due and lets their next fetches meet a fault of WeChat's. */
async function hitSome(
  arena: Arena,
  random: Random,
  { faults, classicOnly = false }: { faults: readonly FaultInput["fault"][]; classicOnly?: boolean },
): Promise<FaultResult> {
  const eligible = (await arena.unscathed.find()).filter(
    ({ account, kind }) => !classicOnly || (account.token === "classic" && kind === "access_token"),
  );
  const hit = random.shuffled(eligible).slice(0, faults.length);
  for (const credential of hit) arena.unscathed.mark(credential);
  await arena.wechat.poll();
  const before = arena.wechat.events.length;
  const remove = await Promise.all(
    hit.map((credential, index) => {
      const fault = faults[index];
      if (!fault) throw new Error("each of the hit has a fault");
      return arena.wechat.addFault(credential.account.appId, { call: callOf(credential), fault });
    }),
  );
  for (const credential of hit) await arena.makeDue(credential);
  const types = faults.map(({ type }) => type as string);
  const until = performance.now() + PATIENCE_MS;
  let met: string[] = [];
  do {
    await sleep(300);
    await arena.wechat.poll();
    met = arena.wechat.events.slice(before).flatMap(({ fault = "" }) => (types.includes(fault) ? [fault] : []));
  } while (met.length < hit.length - 1 && performance.now() < until);
  for (const one of remove) await one();
  return { took: met.length > 0, detail: `${met.length} of ${hit.length}: ${[...new Set(met)].join(", ")}` };
}

const HTML = "<html><body>Service temporarily unavailable</body></html>";

export const WECHAT_FAULTS: readonly Fault[] = [
  {
    kind: "WeChat carries out late",
    lane: "work",
    inject: (arena, random) =>
      hitSome(arena, random, {
        classicOnly: true,
        // The longest is 50 s uncompressed, before the earliest settle.
        faults: [1_200, 1_700, 5_000].map((ms) => ({ type: "issue_late", ms })),
      }),
  },
  {
    kind: "WeChat's reply is lost",
    lane: "work",
    inject: (arena, random) =>
      hitSome(arena, random, {
        faults: [
          { type: "execute_then_reset" },
          { type: "execute_then_hang" },
          { type: "execute_then_reset" },
          { type: "reset_before" },
        ],
      }),
  },
  {
    kind: "WeChat's reply is broken",
    lane: "work",
    inject: (arena, random) =>
      hitSome(arena, random, {
        faults: [
          { type: "truncate", bytes: 40 },
          { type: "http_502", execute: true },
          { type: "http_502" },
          { type: "body", body: HTML, contentType: "text/html", execute: true },
          { type: "wrong_json", execute: true },
        ],
      }),
  },
  {
    kind: "-1 storm",
    lane: "work",
    async inject(arena, random) {
      const busy = { type: "errcode", errcode: -1 } as const;
      const calls: readonly Call[] = ["token", "stable_token", "getticket"];
      const remove = await Promise.all(
        calls.map((call) => arena.wechat.addFault("*", { call, fault: busy, times: null })),
      );
      const before = arena.wechat.events.length;
      const healthy = random.shuffled(arena.credentials.filter(({ account }) => account.healthy));
      for (const credential of healthy.slice(0, 6)) await arena.makeDue(credential);
      await sleep(2_500);
      for (const one of remove) await one();
      await arena.wechat.poll();
      const count = arena.wechat.events.slice(before).filter(({ errcode }) => errcode === -1).length;
      return { took: count > 0, detail: `${count} answers` };
    },
  },
  {
    kind: "WeChat unreachable",
    lane: "work",
    async inject(arena, random) {
      const counts = await Promise.all(arena.fleet.slots.map(({ edge }) => edge.down()));
      const healthy = arena.credentials.filter(({ account }) => account.healthy);
      for (const credential of random.shuffled(healthy).slice(0, 4)) await arena.makeDue(credential);
      await sleep(2_000);
      await Promise.all(arena.fleet.slots.map(({ edge }) => edge.up()));
      const refused = arena.fleet.slots.flatMap(({ current }) => current.lines).filter(isUnreachable);
      return { took: refused.length > 0, detail: `${counts.length} lines cut` };
    },
  },
  {
    kind: "foreign refresh",
    lane: "work",
    alone: true,
    async inject(arena, random) {
      const classic = (await arena.unscathed.find()).filter(({ account }) => account.token === "classic");
      const { appId, name } = random.pick(classic).account;
      // The second one ends the grace of what we hold.
      await arena.wechat.foreignFetch(appId, "classic");
      await arena.wechat.foreignFetch(appId, "classic");
      await arena.wechat.poll();
      const before = arena.wechat.events.length;
      const eventsOf = async (): Promise<LogEvent[]> => {
        await arena.wechat.poll();
        return arena.wechat.events.slice(before).filter((event) => event.appId === appId);
      };
      const requireFetch = async (): Promise<void> => {
        if (!(await eventsOf()).some(({ call, verdict }) => call === "token" && verdict === "issued"))
          throw new Error("nobody has fetched since");
      };
      await eventually(requireFetch, { what: "a fetch of our own" });
      const refused = (await eventsOf()).filter(({ call, errcode }) => call === "user/info" && errcode !== 0);
      return { took: refused.length > 0, detail: `${name}, ${refused.length} refusals` };
    },
  },
];

function isUnreachable({ at, text }: { at: number; text: string }): boolean {
  return at > Date.now() - 10_000 && /"code":"(?:unreachable|no_reply)"/.test(text);
}
