// Follower mode: a second instance with its own Redis reads from the world's worker over HTTP and fetches nothing itself.
import { TokenUnavailableError } from "@tokenkeeper/shared";
import { createDurations, parseAccountEntry, parseFollowerEntry } from "@tokenkeeper/core";
import {
  ACCOUNTS_KEY,
  controlKey,
  FOLLOWERS_KEY,
  fingerprint,
  pauseKey,
  recordKey,
  type CredentialKind,
} from "@tokenkeeper/shared/contract";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startFollower, type Follower } from "../support/follower.ts";
import type { TestRedis } from "../support/redis.ts";
import { startWorld, type World } from "../support/world.ts";

let world: World;
let follower: Follower;
afterEach(async () => {
  await follower[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const PATIENT = { waitMs: 30_000 };

async function stored({ redis }: TestRedis, kind: CredentialKind = "access_token"): Promise<string> {
  const value = await redis.hget(recordKey({ account: world.appId("shop"), kind }), "value");
  if (value === null) throw new Error(`no ${kind} is stored`);
  return value;
}

/** The follower has what the leader has. */
function inStep(kind: CredentialKind = "access_token"): Promise<string> {
  return eventually(
    async () => {
      const value = await stored(follower.redis, kind);
      expect(value).toBe(await stored(world.redis, kind));
      return value;
    },
    { what: "the leader's value at the follower", timeoutMs: 30_000 },
  );
}

/** Makes the leader fetch another token now, and waits until it has. @returns the one before it. */
async function rotate(): Promise<string> {
  const before = await stored(world.redis);
  await world.redis.redis.hset(controlKey({ account: world.appId("shop"), kind: "access_token" }), "plan_at", 1);
  await eventually(async () => expect(await stored(world.redis)).not.toBe(before), {
    what: "a rotation at the leader",
    timeoutMs: 30_000,
  });
  return before;
}

/** Fetches that the leader has counted, and those that WeChat has executed. */
async function fetchCounts(): Promise<{ counted: number; executed: number }> {
  const keys = await world.redis.redis.keys("wx:quota:*");
  const fields = await Promise.all(keys.map((key) => world.redis.redis.hgetall(key)));
  const counted = fields
    .flatMap((counters) => Object.entries(counters))
    .filter(([name]) => !["reported", "foreign"].includes(name))
    .reduce((sum, [, count]) => sum + Number(count), 0);
  return { counted, executed: world.fetches("shop").length };
}

/** What happened to business calls. */
interface Business {
  calls: number;
  /** Refused by WeChat, also when the next try was accepted. */
  refused: number;
  surfaced: number;
}

/** Apps at the follower that make business calls without a pause until they are stopped. */
function startApps(count: number): { readonly business: Business; stop(): Promise<Business> } {
  const tokens = follower.client(PATIENT);
  const business: Business = { calls: 0, refused: 0, surfaced: 0 };
  const stopping = new AbortController();

  async function runApp(): Promise<void> {
    while (!stopping.signal.aborted) {
      const last = await tokens
        .withToken("shop", async (token) => {
          const body = await world.businessCall(token);
          business.calls += 1;
          if (body.errcode) business.refused += 1;
          return body;
        })
        .catch(() => ({ errcode: -1 }));
      if (last.errcode) business.surfaced += 1;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  const apps = Array.from({ length: count }, runApp);
  return {
    business,
    async stop() {
      stopping.abort();
      await Promise.all(apps);
      return business;
    },
  };
}

describe("a follower", () => {
  it("survives rotations and restarts of its leader under load, and WeChat sees the leader's fetches only", async () => {
    world = await startWorld({
      accounts: [{ name: "shop", token: "classic", tickets: ["jsapi"] }],
      keys: [{ name: "staging", mayReport: true }],
    });
    let leader = await world.startWorker();
    follower = await startFollower(world, { key: "staging" });
    await follower.startWorker();
    const tokens = follower.client(PATIENT);
    await tokens.getAccessToken("shop");
    const apps = startApps(4);

    for (const end of ["stop", "kill9"] as const) {
      const seen = new Set([await rotate(), await inStep(), await rotate(), await inStep()]);
      expect(seen.size).toBe(3);
      await leader[end]();
      const before = apps.business.calls;
      await eventually(() => expect(apps.business.calls).toBeGreaterThan(before + 100), {
        what: "business calls without a leader",
        timeoutMs: 60_000,
      });
      leader = await world.startWorker();
      await rotate();
      await inStep();
    }

    const { calls, refused, surfaced } = await apps.stop();
    expect({ refused, surfaced }).toEqual({ refused: 0, surfaced: 0 });
    expect(calls).toBeGreaterThan(200);
    expect(await tokens.getTicket("shop", "jsapi")).toBe(await stored(world.redis, "jsapi_ticket"));
    const { counted, executed } = await fetchCounts();
    expect(executed).toBe(counted);
    expect(follower.askedOfWechat).toEqual([]);
    const [quota = ""] = await follower.redis.redis.keys("wx:quota:*");
    expect(Object.keys(await follower.redis.redis.hgetall(quota))).toEqual(["leader"]);
  }, 240_000);

  it("writes nothing that its leader has not, takes tickets too, and is written down there", async () => {
    world = await startWorld({
      accounts: [{ name: "shop", tickets: ["jsapi"], mirror: ["wxjava"] }],
      keys: [{ name: "staging" }],
    });
    await world.startRuntime();
    follower = await startFollower(world, { key: "staging" });
    await follower.startRuntime();
    const tokens = follower.client(PATIENT);

    const [token, ticket] = [await tokens.getAccessToken("shop"), await tokens.getTicket("shop", "jsapi")];

    expect([token, ticket]).toEqual([await stored(world.redis), await stored(world.redis, "jsapi_ticket")]);
    const mirrored = ["wx:access_token", "wx:ticket:key"].map((prefix) => `${prefix}:${world.appId("shop")}`);
    await eventually(
      async () =>
        expect(await follower.redis.redis.mget(mirrored[0] ?? "", `${mirrored[1]}:jsapi`)).toEqual([token, ticket]),
      { what: "the mirrors at the follower" },
    );
    const [ours, theirs] = await Promise.all(
      [follower.redis, world.redis].map(({ redis }) =>
        redis.pttl(recordKey({ account: world.appId("shop"), kind: "access_token" })),
      ),
    );
    expect(ours).toBeLessThanOrEqual(theirs ?? 0);
    await eventually(
      async () => {
        const entry = JSON.parse((await world.redis.redis.hget(FOLLOWERS_KEY, "staging")) ?? "{}") as object;
        expect(entry).toEqual({
          lastSeen: expect.any(Number),
          accounts: { [world.appId("shop")]: expect.any(Number) },
        });
      },
      { what: "the follower to be written down at its leader" },
    );
    const entry = parseAccountEntry((await follower.redis.redis.hget(ACCOUNTS_KEY, "shop")) ?? "");
    expect(entry).toMatchObject({ name: "shop", follows: true });
    expect(parseAccountEntry((await world.redis.redis.hget(ACCOUNTS_KEY, "shop")) ?? "")?.follows).toBeUndefined();
    expect(world.fetches("shop")).toHaveLength(2);
    expect(follower.askedOfWechat).toEqual([]);
  });

  it("passes a report on to its leader, and the app's call succeeds with what comes of it", async () => {
    world = await startWorld({
      accounts: [{ name: "shop", token: "classic" }],
      keys: [{ name: "staging", mayReport: true }],
    });
    await world.startRuntime();
    follower = await startFollower(world, { key: "staging" });
    await follower.startRuntime();
    const tokens = follower.client(PATIENT);
    const dead = await tokens.getAccessToken("shop");
    for (let fetch = 0; fetch < 2; fetch += 1)
      world.simulator.control.foreignFetch(world.appId("shop"), { family: "classic" });

    const body = await tokens.withToken("shop", (token) => world.businessCall(token));

    expect(body.errcode ?? 0).toBe(0);
    expect(await inStep()).not.toBe(dead);
    expect(world.fetches("shop")).toHaveLength(2);
    expect(follower.askedOfWechat).toEqual([]);
  });

  it("passes the next report on when nothing came of one, because the leader could not ask WeChat", async () => {
    world = await startWorld({
      accounts: [{ name: "shop", token: "classic" }],
      keys: [{ name: "staging", mayReport: true }],
      scale: 1,
    });
    await world.startRuntime();
    follower = await startFollower(world, { key: "staging" });
    await follower.startRuntime();
    const dead = await follower.client(PATIENT).getAccessToken("shop");
    for (let fetch = 0; fetch < 2; fetch += 1)
      world.simulator.control.foreignFetch(world.appId("shop"), { family: "classic" });
    const busy = { type: "errcode", errcode: -1 } as const;
    world.simulator.control.addFault(world.appId("shop"), { call: "get_api_domain_ip", fault: busy });
    const tokens = follower.client({ waitMs: 1_000 });

    await eventually(
      async () => {
        await tokens.report("shop", dead);
        expect(await stored(follower.redis)).not.toBe(dead);
      },
      { what: "another value after another report", timeoutMs: 30_000 },
    );

    expect(world.simulator.control.log({ appId: world.appId("shop"), call: "get_api_domain_ip" })).toHaveLength(2);
  }, 60_000);

  it("may be followed in its turn: rotations, reports and SDKs come through both", async () => {
    world = await startWorld({
      accounts: [{ name: "shop", token: "classic" }],
      keys: [{ name: "staging", mayReport: true }],
    });
    await world.startRuntime();
    const between = await startFollower(world, { key: "staging", serves: true });
    onTestFinished(() => between[Symbol.asyncDispose]());
    await between.startRuntime();
    follower = await startFollower(world, { key: "staging", of: between });
    await follower.startRuntime();
    const tokens = follower.client(PATIENT);
    const first = await tokens.getAccessToken("shop");
    await rotate();
    const dead = await inStep();
    expect(dead).not.toBe(first);

    // An SDK asks the follower between, which cannot know that the leader's token dies before its time.
    const query = new URLSearchParams({
      grant_type: "client_credential",
      appid: world.appId("shop"),
      secret: world.key("staging"),
    });
    const sdk = (await (await fetch(`${between.apiUrl}/cgi-bin/token?${query.toString()}`)).json()) as {
      expires_in: number;
    };
    const keepSeconds = createDurations(world.scale).sdkKeep / 1_000;
    expect(sdk.expires_in).toBeLessThanOrEqual(Math.max(1, keepSeconds));

    for (let fetch = 0; fetch < 2; fetch += 1)
      world.simulator.control.foreignFetch(world.appId("shop"), { family: "classic" });
    const body = await tokens.withToken("shop", (token) => world.businessCall(token));

    expect(body.errcode ?? 0).toBe(0);
    expect(await inStep()).not.toBe(dead);
    expect(await stored(between.redis)).toBe(await stored(world.redis));
    expect([follower.askedOfWechat, between.askedOfWechat]).toEqual([[], []]);
    const { executed, counted } = await fetchCounts();
    expect(executed).toBe(counted);
  });

  it("whose account is paused hears of rotations and plans nothing, until it is resumed", async () => {
    world = await startWorld({ accounts: [{ name: "shop", token: "classic" }], keys: [{ name: "staging" }] });
    await world.startRuntime();
    follower = await startFollower(world, { key: "staging" });
    await follower.startRuntime();
    const before = await follower.client(PATIENT).getAccessToken("shop");
    const ref = { account: world.appId("shop"), kind: "access_token" } as const;
    const { redis } = follower.redis;
    await redis.hset(controlKey(ref), "plan_at", 4_000_000_000_000);
    await redis.set(pauseKey(ref.account), '{"by":"keeper","at":1}');
    await rotate();

    const seen = async (): Promise<number> =>
      parseFollowerEntry((await world.redis.redis.hget(FOLLOWERS_KEY, "staging")) ?? "")?.lastSeen ?? 0;
    const from = await seen();
    await eventually(async () => expect(await seen()).toBeGreaterThan(from + 1_000), { what: "some more checks" });
    expect(await redis.hget(controlKey(ref), "plan_at")).toBe("4000000000000");
    expect(await stored(follower.redis)).toBe(before);

    await redis.del(pauseKey(ref.account));
    await inStep();
  });

  it("with a key that may not report goes on, and its log says what to do", async () => {
    world = await startWorld({ accounts: [{ name: "shop", token: "classic" }], keys: [{ name: "staging" }] });
    await world.startRuntime();
    follower = await startFollower(world, { key: "staging" });
    const worker = await follower.startWorker();
    const tokens = follower.client(PATIENT);

    await tokens.report("shop", await tokens.getAccessToken("shop"));

    await eventually(() => expect(worker.output()).toMatch(/leader\.report_denied .*mayReport: true/), {
      what: "the remedy in the log",
      timeoutMs: 20_000,
    });
    expect(worker.output()).not.toContain(world.key("staging"));
  });

  it("with a wrong key says what to do on the board, and goes on when the key is mended", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }], keys: [{ name: "staging" }] });
    await world.startRuntime();
    follower = await startFollower(world, { key: "wrong" });
    let [config, version] = [follower.config(), 1];
    await follower.startRuntime({ configSource: { stamp: () => String(version), load: () => config } });

    const reason = await eventually(
      async () => {
        const [failed] = await follower.refreshQueue.getFailed();
        if (!failed) throw new Error("no job has failed");
        return failed.failedReason;
      },
      { what: "the failed job", timeoutMs: 20_000 },
    );
    expect(reason).toMatch(/^leader_key \| .*上游.*api\.keys.* \| The leader does not accept the key\. .*pnpm api-key/);
    expect(reason).not.toContain(world.key("wrong"));

    config = follower.config("staging");
    version += 1;

    expect(await follower.client(PATIENT).getAccessToken("shop")).toBe(await stored(world.redis));
  });

  it("goes on by itself soon after its leader was told of the key, although it waits for a person for 5 minutes", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }], keys: [{ name: "staging" }], scale: 1 });
    const told = world.config();
    let [config, version] = [told, 1];
    if (told.api) config = { ...told, api: { ...told.api, keys: [] } };
    await world.startRuntime({ config, configSource: { stamp: () => String(version), load: () => config } });
    follower = await startFollower(world, { key: "staging" });
    await follower.startRuntime();
    const field = (name: string): Promise<string | null> =>
      follower.redis.redis.hget(controlKey({ account: world.appId("shop"), kind: "access_token" }), name);
    await eventually(async () => expect(await field("block_code")).toBe("leader_key"), {
      what: "the key to be refused",
      timeoutMs: 30_000,
    });

    [config, version] = [told, 2];

    await eventually(async () => expect(await stored(follower.redis)).toBe(await stored(world.redis)), {
      what: "the follower to go on",
      timeoutMs: 90_000,
    });
    expect(await field("block_code")).toBeNull();
  }, 150_000);

  it("may be what becomes of an account that WeChat has barred for an hour", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }], keys: [{ name: "staging" }] });
    await world.startRuntime();
    await world.client(PATIENT).getAccessToken("shop");
    const barred = { type: "errcode", errcode: 89507 } as const;
    world.simulator.control.addFault(world.appId("shop"), { call: "stable_token", fault: barred });
    follower = await startFollower(world, { key: "staging" });
    const { api: _api, ...fetching } = world.config();
    let [config, version] = [{ ...fetching, redisUrl: follower.redis.url }, 1];
    await follower.startRuntime({ config, configSource: { stamp: () => String(version), load: () => config } });
    const control = controlKey({ account: world.appId("shop"), kind: "access_token" });
    await eventually(async () => expect(await follower.redis.redis.hget(control, "block_code")).toBe("89507"), {
      what: "the ban",
      timeoutMs: 20_000,
    });

    [config, version] = [follower.config(), 2];

    expect(await follower.client(PATIENT).getAccessToken("shop")).toBe(await stored(world.redis));
  });

  it("leaves the quota to its leader when a person asks to reset it, and sends the key to nobody else", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }], keys: [{ name: "staging" }] });
    await world.startRuntime();
    follower = await startFollower(world, { key: "staging" });
    await follower.startRuntime();
    await follower.client(PATIENT).getAccessToken("shop");

    const data = { account: world.appId("shop"), kind: "access_token", reason: "quota_reset" };
    await follower.refreshQueue.add("shop · access_token", data);

    await eventually(
      async () => {
        const [failed] = await follower.refreshQueue.getFailed();
        expect(failed?.failedReason).toMatch(/^reset \| .*上游.* \| .*reset the quota on the leader's dashboard\.$/);
      },
      { what: "the job to end", timeoutMs: 20_000 },
    );
    expect(follower.askedOfWechat).toEqual([]);
  });

  it("with a key that may not know the ticket says so, and has the token all the same", async () => {
    world = await startWorld({
      accounts: [{ name: "shop", tickets: ["jsapi"] }],
      keys: [{ name: "staging", kinds: ["access_token"] }],
    });
    await world.startRuntime();
    follower = await startFollower(world, { key: "staging" });
    await follower.startRuntime();

    expect(await follower.client(PATIENT).getAccessToken("shop")).toBe(await stored(world.redis));
    await eventually(
      async () => {
        const failed = await follower.refreshQueue.getFailed();
        expect(failed.map(({ name, failedReason }) => [name, failedReason.split(" | ")[0]])).toEqual([
          ["shop · jsapi_ticket", "leader_scope"],
        ]);
      },
      { what: "the failed job", timeoutMs: 20_000 },
    );
  });

  it("whose leader is away serves until the value ends, then is unavailable, and recovers by itself", async () => {
    world = await startWorld({
      accounts: [{ name: "shop", token: "classic", wechat: { tokenLifeSeconds: 400 } }],
      keys: [{ name: "staging" }],
    });
    const leader = await world.startRuntime();
    follower = await startFollower(world, { key: "staging" });
    await follower.startRuntime();
    const tokens = follower.client();
    const last = await follower.client(PATIENT).getAccessToken("shop");
    await leader.stop();

    const served = new Set<string>();
    await eventually(
      async () => {
        const outcome = await tokens.getAccessToken("shop").catch((error: unknown) => error);
        if (typeof outcome === "string") served.add(fingerprint(outcome));
        expect(outcome).toBeInstanceOf(TokenUnavailableError);
      },
      { what: "the value to end", timeoutMs: 60_000 },
    );
    expect([...served]).toContain(fingerprint(last));
    const control = controlKey({ account: world.appId("shop"), kind: "access_token" });
    const retryAt = await eventually(
      async () => {
        const at = Number(await follower.redis.redis.hget(control, "retry_at"));
        expect(at - Date.now()).toBeGreaterThan(25_000);
        return at;
      },
      { what: "retries that are far apart", timeoutMs: 90_000 },
    );

    await world.startRuntime();

    await eventually(async () => expect(await tokens.getAccessToken("shop")).toBe(await stored(world.redis)), {
      what: "the follower to recover",
      timeoutMs: 60_000,
    });
    expect(Date.now()).toBeLessThan(retryAt);
    expect(follower.askedOfWechat).toEqual([]);
  }, 240_000);
});
