// Mirrors with a real worker, Redis and simulator: what an SDK finds in its own cache, and what becomes of what it does there.
import { createHash } from "node:crypto";
import { PassThrough } from "node:stream";
import { createLog, type Log, type WorkerConfig } from "@tokenkeeper/core";
import { recordKey, type CredentialKind } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { blockOf, codeIn, readDocument, rowsUnder } from "../support/markdown.ts";
import { startWorld, type World } from "../support/world.ts";

let world: World;
afterEach(() => world[Symbol.asyncDispose]());

const ALL = ["wxjava", "silenceper", "wechatpy", "powerwechat"];
const redis = (): Redis => world.redis.redis;

async function stored(kind: CredentialKind = "access_token"): Promise<string> {
  const value = await redis().hget(recordKey({ account: world.appId("shop"), kind }), "value");
  expect(value).toMatch(/./);
  return value ?? "";
}

/** A log that can be read: its lines as objects. */
function readableLog(): { log: Log; lines: () => Record<string, unknown>[]; text: () => string } {
  const destination = new PassThrough();
  let text = "";
  destination.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return {
    log: createLog({ name: "worker", level: "debug", pretty: false, destination }),
    text: () => text,
    lines: () =>
      text
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

/** Lines whose message begins with the event. */
const linesOf = (lines: readonly Record<string, unknown>[], event: string): Record<string, unknown>[] =>
  lines.filter(({ msg }) => String(msg).split(" ", 1)[0] === event);

/** Each SDK's own condition for "use what is there, do not fetch", and what it then uses. Sources: packages/worker/src/mirrors/*.ts. */
type Read = (appId: string, secret: string) => Promise<string | undefined>;
const reads: Record<string, Partial<Record<CredentialKind, Read>>> = {
  // isAccessTokenExpired and isTicketExpired: TTL < 2; then GET.
  wxjava: {
    access_token: (id) => wxjava(`wx:access_token:${id}`),
    jsapi_ticket: (id) => wxjava(`wx:ticket:key:${id}:jsapi`),
    wx_card_ticket: (id) => wxjava(`wx:ticket:key:${id}:wx_card`),
  },
  // cache.Get: any non-empty text.
  silenceper: {
    access_token: (id) => bare(`gowechat_officialaccount__access_token_${id}`),
    jsapi_ticket: (id) => bare(`gowechat_officialaccount__jsapi_ticket_${id}`),
  },
  "silenceper with UseStableAK": {
    access_token: (id) => bare(`gowechat_officialaccount__stable_access_token_${id}`),
  },
  // access_token: no expires_at, or more than 60 s of it left. Tickets: expires_at not before now.
  wechatpy: {
    access_token: async (id) => {
      const endsAt = await json(`wechatpy:${id}_access_token_expires_at`);
      if (endsAt && Number(endsAt) - Date.now() / 1_000 <= 60) return undefined;
      return String(await json(`wechatpy:${id}_access_token`));
    },
    jsapi_ticket: (id) => wechatpyTicket(`wechatpy:${id}_jsapi_ticket`),
    wx_card_ticket: (id) => wechatpyTicket(`wechatpy:${id}_jsapi_card_ticket`),
  },
  // getFormatToken: expires_in must be a number, access_token a text.
  powerwechat: {
    access_token: async (id, secret) => {
      const digest = createHash("md5")
        .update(id + secret)
        .digest("hex");
      const token = (await json(`powerwechat.access_token.${digest}`)) as Record<string, unknown>;
      return typeof token["expires_in"] === "number" ? String(token["access_token"]) : undefined;
    },
    jsapi_ticket: async (id) => {
      const reply = await json(`powerwechat.basic_service.jssdk.ticket.jsapi.${id}`);
      return String((reply as Record<string, unknown>)["ticket"]);
    },
  },
};

async function wxjava(key: string): Promise<string | undefined> {
  return (await redis().ttl(key)) < 2 ? undefined : ((await redis().get(key)) ?? undefined);
}

async function bare(key: string): Promise<string | undefined> {
  return (await redis().get(key)) || undefined;
}

async function json(key: string): Promise<unknown> {
  return JSON.parse((await redis().get(key)) ?? "null");
}

async function wechatpyTicket(key: string): Promise<string | undefined> {
  const endsAt = Number(await json(`${key}_expires_at`));
  return endsAt < Math.trunc(Date.now() / 1_000) ? undefined : String(await json(key));
}

describe("an SDK", () => {
  const cases = Object.entries(reads).flatMap(([sdk, kinds]) =>
    Object.entries(kinds).map(([kind, read]) => ({ sdk, kind: kind as CredentialKind, read })),
  );

  it("of each kind finds every credential in its own cache, again after a rotation, and no longer than the record lives", async () => {
    world = await startWorld({
      accounts: [{ name: "shop", token: "classic", tickets: ["jsapi", "wx_card"], mirror: ALL }],
    });
    await world.startRuntime();
    const [id, secret] = [world.appId("shop"), world.config().accounts[0]?.secret.reveal() ?? ""];
    const allFindWhatIsStored = (): Promise<void> =>
      eventually(
        async () => {
          for (const { sdk, kind, read } of cases) {
            expect(await read(id, secret), `${sdk}, ${kind}`).toBe(await stored(kind));
          }
        },
        { what: "every SDK to find every value", timeoutMs: 20_000 },
      );
    await allFindWhatIsStored();
    const first = await stored();

    world.simulator.control.expire(id, { what: "classic" });
    await world.client({ waitMs: 20_000 }).withToken("shop", (token) => world.businessCall(token));

    expect(await stored()).not.toBe(first);
    await allFindWhatIsStored();
    await eventually(
      async () => {
        const keys = [recordKey({ account: id, kind: "access_token" }), `wx:access_token:${id}`];
        const [record, mirror] = await Promise.all(keys.map((key) => redis().pexpiretime(key)));
        expect(mirror).toBe(record);
      },
      { what: "both to end together" },
    );
  });
});

describe("a commit", () => {
  it("is mirrored at once, long before a sweep would see it", async () => {
    world = await startWorld({ scale: 1, accounts: [{ name: "shop", mirror: ["silenceper"] }] });
    await world.startRuntime();
    const token = await world.client({ waitMs: 20_000 }).getAccessToken("shop");

    // The first sweep is 10 s after the start.
    const key = `gowechat_officialaccount__access_token_${world.appId("shop")}`;
    await eventually(async () => expect(await redis().get(key)).toBe(token), { what: "the mirror", timeoutMs: 7_000 });
  });
});

describe("a key that an SDK removes after 40001", () => {
  it("is back within a sweep, and WeChat is asked whether the token is dead; it is not, so nothing is fetched", async () => {
    world = await startWorld({ accounts: [{ name: "shop", mirror: ["wxjava"] }] });
    const { log, lines } = readableLog();
    await world.startRuntime({ log });
    const key = `wx:access_token:${world.appId("shop")}`;
    await eventually(async () => expect(await redis().get(key)).toBe(await stored()), { what: "the mirror" });
    const token = await stored();
    await sweptOnce();

    // WxJava's expireAccessToken
    await redis().expire(key, 0);

    await eventually(async () => expect(await redis().get(key)).toBe(token), { what: "the key to be back" });
    await eventually(() => expect(linesOf(lines(), "report.handled")).toHaveLength(1), { what: "the report" });
    expect(linesOf(lines(), "report.handled")).toMatchObject([{ result: "accepted_by_wechat" }]);

    await redis().expire(key, 0);
    await eventually(async () => expect(await redis().get(key)).toBe(token), { what: "the key to be back again" });
    await eventually(() => expect(linesOf(lines(), "report.handled")).toHaveLength(2), { what: "the second report" });
    expect(linesOf(lines(), "mirror.removed")).toMatchObject([{ sdk: "wxjava", account: "shop" }]);
    expect(world.fetches("shop")).toHaveLength(1);
  });

  it("leads to a refresh when the token is dead", async () => {
    world = await startWorld({ accounts: [{ name: "shop", token: "classic", mirror: ["wxjava"] }] });
    await world.startRuntime();
    const key = `wx:access_token:${world.appId("shop")}`;
    await eventually(async () => expect(await redis().get(key)).toBe(await stored()), { what: "the mirror" });
    const dead = await stored();
    await sweptOnce();
    world.simulator.control.expire(world.appId("shop"), { what: "classic" });

    await redis().expire(key, 0);

    await eventually(
      async () => {
        const token = await redis().get(key);
        expect(token).not.toBe(dead);
        expect(world.simulator.control.tokenVerdict(world.appId("shop"), token ?? "")).toBe("accepted");
      },
      { what: "a living token in the mirror" },
    );
  });
});

describe("an SDK that fetches by itself and writes its own token", () => {
  it("is overwritten, told once, and a classic token is refreshed before the foreign fetch retires it", async () => {
    world = await startWorld({ accounts: [{ name: "shop", token: "classic", mirror: ["wechatpy"] }] });
    const { log, lines, text } = readableLog();
    await world.startRuntime({ log });
    const id = world.appId("shop");
    const key = `wechatpy:${id}_access_token`;
    await eventually(async () => expect(await json(key)).toBe(await stored()), { what: "the mirror" });
    const first = await stored();
    await sweptOnce();

    // fetch_access_token
    world.simulator.control.foreignFetch(id, { family: "classic" });
    await redis().set(key, '"80_foreign_token"', "EX", 7_200);
    await redis().set(`${key}_expires_at`, String(Math.trunc(Date.now() / 1_000) + 7_200));

    await eventually(
      async () => {
        expect(await stored()).not.toBe(first);
        expect(await json(key)).toBe(await stored());
        expect(await redis().exists(`${key}_expires_at`)).toBe(0);
      },
      { what: "a refresh and its mirror" },
    );
    expect(world.simulator.control.tokenVerdict(id, await stored())).toBe("accepted");
    expect(linesOf(lines(), "mirror.overwritten")).toMatchObject([{ level: "warn", sdk: "wechatpy", account: "shop" }]);
    expect(linesOf(lines(), "credential.foreign_refresh")).toHaveLength(1);
    for (const value of [first, await stored(), "80_foreign_token"]) expect(text()).not.toContain(value);
  });
});

describe("the rights in the documents", () => {
  it("of a worker suffice for its mirrors together with those of the SDKs' table, and not without them", async () => {
    world = await startWorld({
      accounts: [{ name: "shop", tickets: ["jsapi", "wx_card"], mirror: ALL }, MINI_PROGRAM],
    });
    const rights = blockOf(await readDocument("docs/key-contract.md"), "acl worker").split(" ");
    const table = rowsUnder(await readDocument("docs/sdk-mirrors.md"), "`mirror`");
    const added = table.flatMap(([, , , , , cell = ""]) => codeIn(cell).flatMap((line) => line.split(" ")));
    const asUser = { ...world.config(), redisUrl: await userWith(rights) };
    const { log, lines } = readableLog();
    await world.startRuntime({ config: asUser, log });
    const [id, mini] = [world.appId("shop"), world.appId("mini")];
    const failing = (): unknown[] =>
      linesOf(lines(), "mirror.failed").map(({ sdk, code }) => `${String(sdk)} ${String(code)}`);
    await eventually(() => expect(new Set(failing())).toEqual(new Set(ALL.map((sdk) => `${sdk} NOPERM`))), {
      what: "the refused mirrors",
    });
    await eventually(() => stored("wx_card_ticket"), { what: "the tickets" });

    await redis().call("ACL", "SETUSER", "worker", ...added);

    const expected = [`wa:access_token:${mini}`, `gowechat_miniprogram__stable_access_token_${mini}`];
    for (const kinds of Object.values(reads)) {
      for (const [kind, read] of Object.entries(kinds)) {
        await eventually(
          async () =>
            expect(await read(id, world.config().accounts[0]?.secret.reveal() ?? "")).toBe(
              await stored(kind as CredentialKind),
            ),
          { what: kind },
        );
      }
    }
    await eventually(async () => expect(await redis().mget(expected)).not.toContain(null), {
      what: "the mini program",
    });
  });
});

const MINI_PROGRAM = { name: "mini", type: "mini-program", mirror: ALL } as const;

/** @returns the URL of this world's Redis for a user with these rights. */
async function userWith(rights: readonly string[]): Promise<string> {
  await redis().call("ACL", "SETUSER", "worker", "reset", "on", ">only-for-this-test", ...rights);
  const url = new URL(world.redis.url);
  url.username = "worker";
  url.password = "only-for-this-test";
  return url.href;
}

describe("a mirror that cannot be written", () => {
  it("does not fail the refresh, is logged once with what to do, and goes on when it can", async () => {
    world = await startWorld({ accounts: [{ name: "shop", tickets: ["jsapi"], mirror: ["wxjava", "silenceper"] }] });
    const id = world.appId("shop");
    const key = `wx:access_token:${id}`;
    await redis().hset(key, "belongs to", "somebody else");
    const { log, lines } = readableLog();
    await world.startRuntime({ log });

    await world.client({ waitMs: 10_000 }).getAccessToken("shop");
    const others = [`wx:ticket:key:${id}:jsapi`, `gowechat_officialaccount__access_token_${id}`];
    await eventually(async () => expect(await redis().mget(others)).not.toContain(null), { what: "the other mirrors" });
    await sweptOnce();
    await sweptOnce();

    const failed = linesOf(lines(), "mirror.failed");
    expect(failed).toMatchObject([{ sdk: "wxjava", code: "WRONGTYPE", credential: `${id}:access_token`, mirrors: 1 }]);
    expect(failed[0]?.["msg"]).toMatch(/请.*remove that key/);
    expect(await redis().hgetall(key)).toEqual({ "belongs to": "somebody else" });
    expect(await world.refreshQueue.getFailedCount()).toBe(0);

    await redis().del(key);
    await eventually(async () => expect(await bare(key)).toBe(await stored()), { what: "the mirror" });
    await eventually(() => expect(linesOf(lines(), "mirror.recovered")).toHaveLength(1), { what: "the log" });
  });
});

describe("a mirror that is added to or removed from the configuration", () => {
  it("is written within a sweep, and is no longer written after it was removed", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }, { name: "kept", mirror: ["wxjava"] }] });
    let config = world.config();
    let stamp = 0;
    const change = (mirrored: boolean): void => {
      const mirrors: WorkerConfig["accounts"][number]["mirrors"] = mirrored ? [{ sdk: "wxjava", prefix: "wx" }] : [];
      const accounts = config.accounts.map((account) => (account.name === "shop" ? { ...account, mirrors } : account));
      config = { ...config, accounts };
      stamp += 1;
    };
    const { log, lines } = readableLog();
    await world.startRuntime({ log, configSource: { stamp: () => String(stamp), load: () => config } });
    const key = `wx:access_token:${world.appId("shop")}`;
    const reloaded = (times: number): Promise<void> =>
      eventually(() => expect(linesOf(lines(), "config.reloaded")).toHaveLength(times), { what: "the configuration" });
    await world.client({ waitMs: 10_000 }).getAccessToken("shop");

    change(true);
    await eventually(async () => expect(await bare(key)).toBe(await stored()), { what: "the mirror" });
    change(false);
    await reloaded(2);
    await redis().del(key);
    await sweptOnce("kept");
    await sweptOnce("kept");

    expect(await redis().exists(key)).toBe(0);
  });
});

/** Waits until a sweep has looked at the account's mirror: it puts a key of WxJava's or wechatpy's right that has lost its end. */
async function sweptOnce(name = "shop"): Promise<void> {
  const id = world.appId(name);
  const keys = [`wx:access_token:${id}`, `wechatpy:${id}_access_token`, `gowechat_officialaccount__access_token_${id}`];
  const types = await Promise.all(keys.map((key) => redis().type(key)));
  const key = keys[types.indexOf("string")] ?? "";
  await redis().persist(key);
  await eventually(async () => expect(await redis().pttl(key)).toBeGreaterThan(0), { what: "a sweep" });
}
