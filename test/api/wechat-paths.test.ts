// WeChat's own paths as an SDK sees them.
import { anyFreePort } from "@tokenkeeper/launcher";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { controlKey, recordKey } from "@tokenkeeper/shared/contract";
import { eventually } from "../support/eventually.ts";
import { startWorld, type World } from "../support/world.ts";
import { ask, call, type ApiAnswer } from "./client.ts";

const RID = /, hint: \[.+\] rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$| rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$/;

let world: World;

interface TokenCall {
  readonly key: string;
  readonly account?: string;
  /** Another worker's API. */
  readonly url?: string;
}

function token({ key, account = "shop", url = world.apiUrl }: TokenCall): Promise<ApiAnswer> {
  const query = new URLSearchParams({
    grant_type: "client_credential",
    appid: world.appId(account),
    secret: world.key(key),
  });
  return call(`${url}/cgi-bin/token?${query.toString()}`);
}

function stable(body: object | string): Promise<ApiAnswer> {
  return call(`${world.apiUrl}/cgi-bin/stable_token`, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

function ticket(accessToken: string, type = "jsapi", url = world.apiUrl): Promise<ApiAnswer> {
  return call(`${url}/cgi-bin/ticket/getticket?access_token=${encodeURIComponent(accessToken)}&type=${type}`);
}

describe("WeChat's own paths", () => {
  beforeAll(async () => {
    world = await startWorld({
      accounts: [{ name: "shop", tickets: ["jsapi"] }, { name: "other" }],
      keys: [
        { name: "sdk", accounts: ["shop"] },
        { name: "php", sdkMargin: "25m" },
        { name: "tokens only", kinds: ["access_token"], accounts: ["other"] },
        { name: "slow", perMinute: 1 },
      ],
      scale: 1,
    });
    await world.startRuntime();
    await world.client({ waitMs: 20_000 }).getTicket("shop", "jsapi");
    await world.client({ waitMs: 20_000 }).getAccessToken("other");
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it("give the stored values in WeChat's form, with what is left of their lives", async () => {
    const classic = await token({ key: "sdk" });
    const body = { grant_type: "client_credential", appid: world.appId("shop"), secret: world.key("sdk") };
    const stored = await world.tokens.getAccessToken("shop");

    expect(classic).toMatchObject({ status: 200, body: { access_token: stored, expires_in: expect.any(Number) } });
    expect(Object.keys(classic.body)).toEqual(["access_token", "expires_in"]);
    expect(classic.body["expires_in"]).toBeLessThanOrEqual(7_200);
    expect(classic.body["expires_in"]).toBeGreaterThan(7_100);
    expect((await stable(body)).body).toMatchObject({ access_token: stored });
    expect((await stable({ ...body, force_refresh: true })).body).toMatchObject({ access_token: stored });
    expect((await ticket(stored)).body).toEqual({
      errcode: 0,
      errmsg: "ok",
      ticket: await world.tokens.getTicket("shop", "jsapi"),
      expires_in: expect.any(Number),
    });
    expect(world.fetches("shop", "stable_token")).toHaveLength(1);
    expect(world.fetches("shop", "getticket:jsapi")).toHaveLength(1);
  });

  it("take the parameters of a POST from its form as well", async () => {
    const form = new URLSearchParams({ appid: world.appId("shop"), secret: world.key("sdk") });

    const { body } = await call(`${world.apiUrl}/cgi-bin/token?grant_type=client_credential`, {
      method: "POST",
      body: form,
    });

    expect(body["access_token"]).toBe(await world.tokens.getAccessToken("shop"));
  });

  it("tell an SDK that takes a lot off so much that it keeps the value, and not too long", async () => {
    const key = recordKey({ account: world.appId("other"), kind: "access_token" });
    const soon = await token({ key: "tokens only", account: "other" });
    expect(soon.body["expires_in"]).toBeGreaterThan(7_100);

    // 15 minutes are left, and the SDK takes 25 off.
    await world.redis.redis.pexpire(key, 900_000);
    await eventually(
      async () =>
        expect((await token({ key: "tokens only", account: "other" })).body["expires_in"]).toBeLessThanOrEqual(900),
      { what: "the shorter life to be seen", timeoutMs: 40_000 },
    );
    expect((await token({ key: "php", account: "other" })).body["expires_in"]).toBe(1_500 + 60);
  });

  const query = (change: Record<string, string>): string => {
    const params = { grant_type: "client_credential", appid: world.appId("shop"), secret: world.key("sdk"), ...change };
    return `/cgi-bin/token?${new URLSearchParams(params).toString()}`;
  };
  const refusals: [string, () => Promise<ApiAnswer>, number][] = [
    ["no grant_type", () => call(`${world.apiUrl}/cgi-bin/token`), 40002],
    ["another grant_type", () => call(world.apiUrl + query({ grant_type: "password" })), 40002],
    ["no appid", () => call(world.apiUrl + query({ appid: "" })), 41002],
    ["no secret", () => call(world.apiUrl + query({ secret: "" })), 41004],
    [
      "an AppSecret in place of the key",
      () => call(world.apiUrl + query({ secret: "c0ffee00c0ffee00c0ffee00c0ffee00" })),
      40125,
    ],
    [
      "an unknown key for an unknown appid",
      () => call(world.apiUrl + query({ secret: "x", appid: "wx0000000000000099" })),
      40125,
    ],
    ["an appid that the key may not know", () => call(world.apiUrl + query({ appid: world.appId("other") })), 40013],
    ["an unknown appid", () => call(world.apiUrl + query({ appid: "wx0000000000000099" })), 40013],
    ["the appid twice", () => call(`${world.apiUrl}${query({})}&appid=${world.appId("other")}`), 40097],
    ["PUT in place of GET", () => call(world.apiUrl + query({}), { method: "PUT" }), 43001],
    ["GET in place of POST", () => call(`${world.apiUrl}/cgi-bin/stable_token`), 43002],
    ["a body that is no JSON", () => stable("grant_type=client_credential"), 47001],
    ["a body that is a list", () => stable("[]"), 47001],
    [
      "an appid that is an object",
      () => stable({ grant_type: "client_credential", appid: {}, secret: world.key("sdk") }),
      41002,
    ],
    ["no access_token", () => call(`${world.apiUrl}/cgi-bin/ticket/getticket?type=jsapi`), 41001],
    ["an access_token that is not ours", () => ticket("75_nobody"), 40001],
    ["a ticket of another type", async () => ticket(await world.tokens.getAccessToken("shop"), "2"), 40097],
    ["a ticket by POST", () => call(`${world.apiUrl}/cgi-bin/ticket/getticket`, { method: "POST" }), 43001],
    ["a business call", () => call(`${world.apiUrl}/cgi-bin/user/info?access_token=x&openid=y`), 40066],
    ["a path in upper case", () => call(`${world.apiUrl}/CGI-BIN/token`), 40066],
    ["a path with a slash behind it", () => call(`${world.apiUrl}/cgi-bin/token/`), 40066],
    ["a call of WeCom", () => call(`${world.apiUrl}/cgi-bin/gettoken?corpid=x&corpsecret=y`), 40066],
    ["the front page", () => call(`${world.apiUrl}/`), 40066],
  ];

  it.each(refusals)("refuse %s as WeChat does", async (_case, refused, errcode) => {
    const { status, body, headers } = await refused();

    expect([status, body["errcode"]]).toEqual([200, errcode]);
    expect(Object.keys(body)).toEqual(["errcode", "errmsg"]);
    expect(body["errmsg"]).toMatch(RID);
    expect(body["errmsg"]).not.toContain(world.key("sdk"));
    expect(headers.get("cache-control")).toBe("no-store");
  });

  it("say in the refusal of a business call where it belongs", async () => {
    const { body } = await call(`${world.apiUrl}/cgi-bin/message/custom/send?access_token=x`, {
      method: "POST",
      body: "x".repeat(100_000),
    });

    expect(body["errmsg"]).toContain("passes nothing on, send every other call to api.weixin.qq.com");
  });

  it("refuse a body that is too large, and a page of a browser, in WeChat's form too", async () => {
    const large = await stable("x".repeat(10_000));
    const page = await call(world.apiUrl + query({}), { headers: { origin: "https://evil.example" } });

    expect([large.status, large.body["errcode"]]).toEqual([413, 47001]);
    expect([page.status, page.body["errcode"]]).toEqual([403, 48001]);
  });

  it("ask a key that asks too often to wait for the next minute", async () => {
    await token({ key: "slow" });

    const { body, headers } = await token({ key: "slow" });

    expect(body["errcode"]).toBe(45011);
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
  });

  it("give a ticket only for a token that was given to a key with the right to it", async () => {
    const { access_token: other } = (await token({ key: "tokens only", account: "other" })).body;
    expect((await ticket(String(other))).body["errcode"]).toBe(48001);

    const { access_token: mini } = (await token({ key: "php", account: "other" })).body;
    // The key may have tickets, but the account has none.
    expect((await ticket(String(mini))).body["errcode"]).toBe(48001);
  });
});

describe("a ticket call", () => {
  afterEach(() => world[Symbol.asyncDispose]());

  /** Starts two workers. @returns the address of the second one's API */
  async function startTwo(): Promise<string> {
    const { api, ...rest } = world.config();
    const port = await anyFreePort();
    await world.startRuntime();
    await world.startRuntime({ config: { ...rest, ...(api && { api: { ...api, port } }) } });
    await world.client({ waitMs: 20_000 }).getTicket("shop", "jsapi");
    return `http://127.0.0.1:${port}`;
  }

  /** What the second worker answers to a client that has just asked the first one for its token. */
  async function ticketBeside(second: string): Promise<unknown> {
    const accessToken = String((await token({ key: "sdk" })).body["access_token"]);
    return (await ticket(accessToken, "jsapi", second)).body["errcode"];
  }

  it("is answered by another worker than the token call, also just after a rotation, but not long after it", async () => {
    world = await startWorld({
      accounts: [{ name: "shop", token: "classic", tickets: ["jsapi"] }],
      keys: [{ name: "sdk" }],
    });
    const second = await startTwo();
    const old = String((await token({ key: "sdk" })).body["access_token"]);
    expect((await ticket(old, "jsapi", second)).body["errcode"]).toBe(0);

    await world.redis.redis.hset(controlKey({ account: world.appId("shop"), kind: "access_token" }), "plan_at", 1);
    await eventually(async () => expect((await token({ key: "sdk" })).body["access_token"]).not.toBe(old), {
      what: "the rotation",
    });

    expect((await ticket(old, "jsapi", second)).body["errcode"]).toBe(0);
    await eventually(async () => expect((await ticket(old, "jsapi", second)).body["errcode"]).toBe(40001), {
      what: "the old token to be refused",
      timeoutMs: 40_000,
    });
  });

  it("is answered by another worker than the token call of while Redis was away, as soon as it is back", async () => {
    world = await startWorld({ accounts: [{ name: "shop", tickets: ["jsapi"] }], keys: [{ name: "sdk" }], scale: 1 });
    const second = await startTwo();
    await ask(world, "shop", { key: "sdk" });

    await world.redis.down();
    expect(await ticketBeside(second)).toBe(-1);
    await world.redis.restart();

    await eventually(async () => expect(await ticketBeside(second)).toBe(0), {
      what: "the ticket from the other worker",
      timeoutMs: 20_000,
    });
  });

  it("is answered by another worker than the token call after Redis has lost who holds the token", async () => {
    world = await startWorld({ accounts: [{ name: "shop", tickets: ["jsapi"] }], keys: [{ name: "sdk" }] });
    const second = await startTwo();
    expect(await ticketBeside(second)).toBe(0);

    const lost = await world.redis.redis.keys("wx:given:*");
    expect(await world.redis.redis.del(...lost)).toBeGreaterThan(0);

    await eventually(async () => expect(await ticketBeside(second)).toBe(0), {
      what: "the ticket from the other worker",
      timeoutMs: 20_000,
    });
  });

  it("is answered while Redis is away by the worker that gave out the token", async () => {
    world = await startWorld({ accounts: [{ name: "shop", tickets: ["jsapi"] }], keys: [{ name: "sdk" }], scale: 1 });
    await world.startRuntime();
    await world.client({ waitMs: 20_000 }).getTicket("shop", "jsapi");
    const accessToken = String((await token({ key: "sdk" })).body["access_token"]);
    const before = (await ticket(accessToken)).body;

    await world.redis.down();

    expect((await ticket(accessToken)).body).toMatchObject({ errcode: 0, ticket: before["ticket"] });
    expect((await ticket("75_nobody")).body["errcode"]).toBe(-1);
    await world.redis.restart();
  });
});
