// What an instance in follower mode asks, as a client sees it, and what the leader writes down of it.
import { controlKey, FOLLOWERS_KEY, REPORTS_KEY } from "@tokenkeeper/shared/contract";
import { parseFollowerEntry } from "@tokenkeeper/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startWorld, type World } from "../support/world.ts";
import { ask, call, follow as askForChanges, type ApiAnswer } from "./client.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld({
    accounts: [
      { name: "shop", token: "classic", tickets: ["jsapi"] },
      { name: "other" },
      { name: "dead", wrongSecret: "deadbeefdeadbeefdeadbeefdeadbeef" },
    ],
    keys: [{ name: "staging" }, { name: "narrow", accounts: ["shop"], kinds: ["access_token"] }],
  });
  await world.startRuntime();
  for (const name of ["shop", "other"]) await world.client({ waitMs: 20_000 }).getAccessToken(name);
});
afterAll(() => world[Symbol.asyncDispose]());

const follow = (body: unknown, key = "staging"): Promise<ApiAnswer> => askForChanges(world, body, { key });

const token = (account: string, fingerprint?: unknown): object => ({ account, kind: "access_token", fingerprint });

describe("POST /v1/follow", () => {
  it("names the credentials of which there is another value, and gives none out", async () => {
    const { body: shop } = await ask(world, "shop", { key: "staging" });
    const { body: ticket } = await ask(world, "shop", { key: "staging", kind: "jsapi_ticket" });

    const { status, body } = await follow({
      credentials: [
        token("shop", shop["fingerprint"]),
        { account: world.appId("shop"), kind: "jsapi_ticket", fingerprint: "0123456789abcdef" },
        token("other"),
      ],
    });

    expect(status).toBe(200);
    expect(body).toEqual({
      changed: [
        { account: world.appId("shop"), kind: "jsapi_ticket" },
        { account: world.appId("other"), kind: "access_token" },
      ],
    });
    expect(JSON.stringify(body)).not.toContain(ticket["value"]);
  });

  it("leaves out what has no valid value, what is not there and what the key may not know", async () => {
    const credentials = [token("dead"), token("nobody"), token("other"), { account: "shop", kind: "jsapi_ticket" }];

    expect((await follow({ credentials }, "narrow")).body).toEqual({ changed: [] });
    expect((await follow({ credentials: [token("dead")] })).body).toEqual({ changed: [] });
  });

  it("hears of a rotation at once", async () => {
    const { fingerprint } = (await ask(world, "shop", { key: "staging" })).body;
    const rotated = { changed: [{ account: world.appId("shop"), kind: "access_token" }] };

    await world.redis.redis.hset(controlKey({ account: world.appId("shop"), kind: "access_token" }), "plan_at", 1);

    await eventually(
      async () => expect((await follow({ credentials: [token("shop", fingerprint)] })).body).toEqual(rotated),
      { what: "the rotation", timeoutMs: 30_000 },
    );
  });

  it.each([
    ["nothing", ""],
    ["no list", {}],
    ["an empty list", { credentials: [] }],
    ["too many", { credentials: Array.from({ length: 501 }, () => token("shop")) }],
    ["a kind that does not exist", { credentials: [{ account: "shop", kind: "secret" }] }],
    ["a value for a fingerprint", { credentials: [token("shop", "75_value")] }],
    ["an unknown key", { credentials: [{ ...token("shop"), value: "x" }] }],
    ["JSON that is cut off", '{"credentials":['],
  ])("refuses %s with what to send", async (_case, body) => {
    const { status, body: answer } = await follow(body);

    expect([status, answer["error"]]).toEqual([400, "bad_request"]);
  });

  it("refuses what is not JSON, and what is larger than any question", async () => {
    const text = await askForChanges(world, "{}", { key: "staging", type: "text/plain" });
    const large = await follow(`{"credentials":[${" ".repeat(200_000)}]}`);

    expect([text.status, text.body["error"]]).toEqual([415, "unsupported_media_type"]);
    expect([large.status, large.body["error"]]).toEqual([413, "too_large"]);
  });

  it("demands nothing from the workers, however often it is asked about a value that is missing", async () => {
    const before = await world.redis.redis.xlen(REPORTS_KEY);

    for (let time = 0; time < 3; time += 1) await follow({ credentials: [token("dead")] });

    expect(await world.redis.redis.xlen(REPORTS_KEY)).toBe(before);
  });

  it("wants a key, and POST", async () => {
    expect((await call(`${world.apiUrl}/v1/follow`, { method: "POST" })).status).toBe(401);
    const get = await call(`${world.apiUrl}/v1/follow`, {
      headers: { authorization: `Bearer ${world.key("staging")}` },
    });
    expect([get.status, get.headers.get("allow")]).toEqual([405, "POST"]);
  });

  it("writes down who follows, with which accounts, and since when it was not seen", async () => {
    const from = Date.now();

    await follow({ credentials: [token("shop")] }, "narrow");
    await follow({ credentials: [token("shop"), token("other"), token("nobody")] });

    await eventually(
      async () => {
        const entries = await world.redis.redis.hgetall(FOLLOWERS_KEY);
        const read = Object.entries(entries).map(([key, json]) => [key, parseFollowerEntry(json)] as const);
        expect(Object.fromEntries(read)).toEqual({
          narrow: { lastSeen: expect.any(Number), accounts: { [world.appId("shop")]: expect.any(Number) } },
          staging: {
            lastSeen: expect.any(Number),
            accounts: expect.objectContaining({
              [world.appId("shop")]: expect.any(Number),
              [world.appId("other")]: expect.any(Number),
            }),
          },
        });
        for (const [, entry] of read) expect(entry?.lastSeen).toBeGreaterThanOrEqual(from);
      },
      { what: "the followers to be written down" },
    );
    expect(await world.redis.redis.ttl(FOLLOWERS_KEY)).toBeGreaterThan(0);
  });
});
