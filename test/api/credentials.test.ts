// The routes under /v1 as a client of any language uses them. Row numbers are those of the project's list of bad input for the token API.
import { parseReporterEntry } from "@tokenkeeper/core";
import { anyFreePort } from "@tokenkeeper/launcher";
import { controlKey, fingerprint, recordKey, reportersKey, REPORTS_KEY } from "@tokenkeeper/shared/contract";
import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { monitorRedis } from "../support/monitor.ts";
import { putRecord } from "../support/records.ts";
import { startWorld, type World } from "../support/world.ts";
import { ask, report } from "./client.ts";

let world: World;
afterEach(() => world[Symbol.asyncDispose]());

describe("reading a credential", () => {
  it("gives the stored value, by name and by appid, with what is left of its life", async () => {
    world = await startWorld({ accounts: [{ name: "shop", tickets: ["jsapi"] }], keys: [{ name: "java" }], scale: 1 });
    await world.startRuntime();

    const byName = await ask(world, "shop", { key: "java" });
    const byId = await ask(world, world.appId("shop"), { key: "java" });
    const ticket = await ask(world, "shop", { key: "java", kind: "jsapi_ticket" });

    expect(byName.status).toBe(200);
    expect(byName.body).toEqual({
      account: world.appId("shop"),
      name: "shop",
      kind: "access_token",
      value: await world.tokens.getAccessToken("shop"),
      fingerprint: fingerprint(await world.tokens.getAccessToken("shop")),
      version: expect.stringMatching(/^\d+$/),
      expiresInSeconds: expect.any(Number),
      issuedSecondsAgo: expect.any(Number),
      keepForSeconds: 30,
    });
    const { expiresInSeconds, issuedSecondsAgo } = byName.body as Record<string, number>;
    expect((expiresInSeconds ?? 0) + (issuedSecondsAgo ?? 0)).toBeGreaterThanOrEqual(7_198);
    expect((expiresInSeconds ?? 0) + (issuedSecondsAgo ?? 0)).toBeLessThanOrEqual(7_200);
    expect(byId.body["value"]).toBe(byName.body["value"]);
    expect(ticket.body["value"]).toBe(await world.tokens.getTicket("shop", "jsapi"));
    expect(byName.headers.get("cache-control")).toBe("no-store");
    expect(world.fetches("shop", "stable_token")).toHaveLength(1);
  });

  it("row 37 goes on from memory while Redis is away, with an age that grows", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }], keys: [{ name: "java" }], scale: 1 });
    await world.startRuntime();
    const before = await ask(world, "shop", { key: "java" });

    await world.redis.down();

    await eventually(
      async () => {
        const during = await ask(world, "shop", { key: "java" });
        expect(during.body["value"]).toBe(before.body["value"]);
        expect(Number(during.headers.get("age"))).toBeGreaterThanOrEqual(2);
      },
      { what: "an answer that is some seconds old" },
    );
    await world.redis.restart();
  });

  it("past the memory gives no older value than another worker did, while Redis is away", async () => {
    world = await startWorld({ accounts: [{ name: "shop", token: "classic" }], keys: [{ name: "staging" }], scale: 1 });
    const { api, ...rest } = world.config();
    const port = await anyFreePort();
    await world.startRuntime();
    await world.startRuntime({ config: { ...rest, ...(api && { api: { ...api, port } }) } });
    const url = `http://127.0.0.1:${port}`;
    const before = await ask(world, "shop", { key: "staging", url });
    await world.redis.redis.hset(controlKey({ account: world.appId("shop"), kind: "access_token" }), "plan_at", 1);
    await eventually(
      async () => {
        const { body } = await ask(world, "shop", { key: "staging", noCache: true });
        expect(body["value"]).not.toBe(before.body["value"]);
      },
      { what: "a rotation", timeoutMs: 30_000 },
    );

    await world.redis.down();

    const { status, headers, body } = await ask(world, "shop", { key: "staging", url, noCache: true });
    expect([status, headers.get("retry-after"), body["error"]]).toEqual([503, "5", "unavailable"]);
    const remembered = (await ask(world, "shop", { key: "staging", url })).body;
    expect(remembered["value"]).toBe(before.body["value"]);
    // It is known to be replaced.
    expect(remembered["expiresInSeconds"]).toBeLessThanOrEqual(300);
    await world.redis.restart();
    await eventually(
      async () => expect((await ask(world, "shop", { key: "staging", url, noCache: true })).status).toBe(200),
      { what: "Redis to be asked again" },
    );
  });

  it("row 39 of 1,000 clients at once on a cold value costs one read of Redis and no fetch", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }], keys: [{ name: "java" }], scale: 1 });
    const committer = await world.startRuntime();
    await world.client({ waitMs: 10_000 }).getAccessToken("shop");
    await committer.stop();
    await world.startRuntime({ planners: { ticks: false, sweep: false, fallback: false } });
    const key = recordKey({ account: world.appId("shop"), kind: "access_token" });
    let [reads, over] = [0, false];
    using _seen = await monitorRedis(world.redis.url, ({ name, key: of, byScript }) => {
      if (name === "hmget" && of === key && !byScript) reads += 1;
      if (name === "echo" && of === "over") over = true;
    });

    const answers = await Promise.all(Array.from({ length: 1_000 }, () => ask(world, "shop", { key: "java" })));

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    await world.redis.redis.echo("over");
    await eventually(() => expect(over).toBe(true), { what: "the commands to be seen" });
    expect(reads).toBe(1);
    expect(world.fetches("shop")).toHaveLength(1);
  });

  it("row 36 that is missing says so and when to try again, and a hundred of them make no storm", async () => {
    const wrongSecret = "deadbeefdeadbeefdeadbeefdeadbeef";
    world = await startWorld({ accounts: [{ name: "shop", wrongSecret }], keys: [{ name: "java" }], scale: 1 });
    await world.startRuntime();

    const answers = await Promise.all(Array.from({ length: 100 }, () => ask(world, "shop", { key: "java" })));

    for (const { status, headers, body } of answers) {
      expect([status, headers.get("retry-after"), body["error"]]).toEqual([503, "5", "unavailable"]);
    }
    expect(world.fetches("shop").length).toBeLessThanOrEqual(2);
  });

  it("row 40 ends 5 seconds before the value does", async () => {
    const wrongSecret = "deadbeefdeadbeefdeadbeefdeadbeef";
    world = await startWorld({ accounts: [{ name: "shop", wrongSecret }], keys: [{ name: "java" }], scale: 1 });
    await world.startRuntime();
    await putRecord(world.redis.redis, { account: world.appId("shop"), value: "75_short", lifeMs: 8_000 });
    const left: unknown[] = [];

    await eventually(
      async () => {
        const { status, body } = await ask(world, "shop", { key: "java" });
        if (status === 200) left.push(body["expiresInSeconds"]);
        expect(status).toBe(503);
        expect(await world.redis.redis.exists(recordKey({ account: world.appId("shop"), kind: "access_token" }))).toBe(
          1,
        );
      },
      { what: "the value to be kept back", timeoutMs: 20_000 },
    );
    expect(left[0]).toBeLessThanOrEqual(8);
    expect(Math.min(...left.map(Number))).toBeGreaterThanOrEqual(5);
  });

  it("counts who asked for what, also what was refused, for all workers together", async () => {
    world = await startWorld({
      accounts: [{ name: "shop" }, { name: "other" }],
      keys: [{ name: "java", accounts: ["shop"] }],
    });
    await world.startRuntime();

    await ask(world, "shop", { key: "java" });
    await ask(world, "shop", { key: "java" });
    await ask(world, "other", { key: "java" });
    await ask(world, "shop", { key: "nobody's" });

    const counters = async (): Promise<Record<string, string>> => {
      const [key = ""] = await world.redis.redis.keys("wx:usage:*");
      expect(await world.redis.redis.ttl(key)).toBeGreaterThan(0);
      return world.redis.redis.hgetall(key);
    };
    const counted = {
      [`java|${world.appId("shop")}|served`]: "2",
      "java|-|not_found": "1",
      "-|-|unauthorized": "1",
    };
    await eventually(async () => expect(await counters()).toEqual(counted), { what: "the counters" });

    await world.redis.down();
    await ask(world, "shop", { key: "nobody's" });
    await eventually(
      async () =>
        expect(Number((await ask(world, "shop", { key: "java" })).headers.get("age"))).toBeGreaterThanOrEqual(3),
      { what: "counters to have been handed on in vain" },
    );
    await world.redis.restart();
    // Of what Redis did not answer nobody knows whether it was added: rather twice than never.
    await eventually(async () => expect(Number((await counters())["-|-|unauthorized"])).toBeGreaterThanOrEqual(2), {
      what: "what was counted meanwhile",
    });
  });
});

describe("a report over HTTP", () => {
  it("about a value that died leads to a new one, and one about the old value to nothing", async () => {
    world = await startWorld({
      accounts: [{ name: "shop", token: "classic" }],
      keys: [{ name: "java", mayReport: true }],
    });
    await world.startRuntime();
    const dead = (await ask(world, "shop", { key: "java" })).body;
    for (let time = 0; time < 2; time += 1)
      world.simulator.control.foreignFetch(world.appId("shop"), { family: "classic" });

    const accepted = await report(world, "shop", { key: "java", fingerprint: String(dead["fingerprint"]) });

    expect([accepted.status, accepted.body]).toEqual([202, { status: "accepted" }]);
    await eventually(
      async () => expect((await ask(world, "shop", { key: "java" })).body["value"]).not.toBe(dead["value"]),
      { what: "a new value" },
    );
    const stale = await report(world, "shop", { key: "java", fingerprint: String(dead["fingerprint"]) });
    expect([stale.status, stale.body["error"]]).toEqual([409, "stale_fingerprint"]);
    expect(world.fetches("shop")).toHaveLength(2);
    const key = reportersKey({ account: world.appId("shop"), kind: "access_token" });
    const noted = parseReporterEntry((await world.redis.redis.hget(key, "java")) ?? "");
    expect(noted).toMatchObject({ times: 1, result: "foreign" });
  });

  it("that Redis does not take is refused, and may be sent again", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }], keys: [{ name: "java", mayReport: true }], scale: 1 });
    await world.startRuntime();
    const { fingerprint: fp } = (await ask(world, "shop", { key: "java" })).body;
    await world.redis.redis.multi().del(REPORTS_KEY).set(REPORTS_KEY, "no stream").exec();

    const refused = await report(world, "shop", { key: "java", fingerprint: String(fp) });
    await world.redis.redis.del(REPORTS_KEY);
    const accepted = await report(world, "shop", { key: "java", fingerprint: String(fp) });

    expect([refused.status, refused.headers.get("retry-after"), refused.body["error"]]).toEqual([
      503,
      "1",
      "unavailable",
    ]);
    expect(accepted.status).toBe(202);
  });

  it("row 23 a hundred times about a value that WeChat accepts costs one probe and no fetch", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }], keys: [{ name: "java", mayReport: true }], scale: 1 });
    await world.startRuntime();
    const { fingerprint: fp } = (await ask(world, "shop", { key: "java" })).body;

    const answers = await Promise.all(
      Array.from({ length: 100 }, () => report(world, "shop", { key: "java", fingerprint: String(fp) })),
    );

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    const probes = (): number =>
      world.simulator.control.log({ appId: world.appId("shop"), call: "get_api_domain_ip" }).length;
    await eventually(() => expect(probes()).toBe(1), { what: "the probe" });
    expect(world.fetches("shop")).toHaveLength(1);
  });
});

describe("a changed configuration", () => {
  it("takes a key away at once, also while Redis is away", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }], keys: [{ name: "java" }, { name: "php" }] });
    let version = 1;
    let config = world.config();
    await world.startRuntime({ config, configSource: { stamp: () => String(version), load: () => config } });
    expect((await ask(world, "shop", { key: "php" })).status).toBe(200);

    await world.redis.down();
    const { api } = config;
    config = { ...config, ...(api && { api: { ...api, keys: api.keys.slice(0, 1) } }) };
    version += 1;

    await eventually(async () => expect((await ask(world, "shop", { key: "php" })).status).toBe(401), {
      what: "the key to be refused",
    });
    expect((await ask(world, "shop", { key: "java" })).status).toBe(200);
    await world.redis.restart();
  });
});
