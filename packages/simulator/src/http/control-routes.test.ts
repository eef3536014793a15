import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { APP_ID, SECRET, startClient } from "../testing/client.ts";
import type { Client } from "../testing/client.ts";

const account = `/__sim/accounts/${APP_ID}`;

describe("the control API", () => {
  let client: Client;
  beforeAll(async () => {
    client = await startClient();
  });
  beforeEach(() => client.simulator.control.reset());
  afterAll(() => client.simulator.close());

  it("creates, shows, mends and deletes an account", async () => {
    const { ask } = client;
    const created = await ask("/__sim/accounts/wxnew", {
      method: "PUT",
      body: { secret: "s", type: "mini-program", whitelist: [], quotas: { classicPerDay: 5 } },
    });
    expect(created.json).toMatchObject({ appId: "wxnew", type: "mini-program", quotas: { classicPerDay: 5 } });
    const fetchToken = () => ask("/cgi-bin/token?grant_type=client_credential&appid=wxnew&secret=s");
    expect((await fetchToken()).json).toMatchObject({ errcode: 40164 });
    const mended = await ask("/__sim/accounts/wxnew", { method: "PATCH", body: { whitelist: ["203.0.113.0/24"] } });
    expect(mended.json).toMatchObject({ whitelist: ["203.0.113.0/24"], type: "mini-program" });
    expect((await fetchToken()).json).toMatchObject({ expires_in: 7200 });
    expect((await ask("/__sim/accounts")).text).toContain('"wxnew"');
    await ask("/__sim/accounts/wxnew", { method: "DELETE" });
    expect((await ask("/__sim/accounts/wxnew")).status).toBe(404);
    expect((await fetchToken()).json).toMatchObject({ errcode: 40013 });
  });

  it("gives an existing account other settings without taking its tokens", async () => {
    const token = await client.token();
    await client.ask(account, { method: "PUT", body: { secret: SECRET, name: "renamed" } });
    expect(client.simulator.control.account(APP_ID).name).toBe("renamed");
    expect(client.simulator.control.tokenVerdict(APP_ID, token)).toBe("accepted");
  });

  it("stops an old secret at once while tokens live on", async () => {
    const token = await client.token();
    await client.ask(account, { method: "PATCH", body: { secret: "changed" } });
    expect((await client.classic()).json).toMatchObject({ errcode: 40125 });
    expect(client.simulator.control.tokenVerdict(APP_ID, token)).toBe("accepted");
  });

  it.each<[string, unknown, string]>([
    ["PUT /__sim/accounts/wx1", {}, "secret"],
    ["PUT /__sim/accounts/wx1", { secret: 5 }, "secret"],
    ["PUT /__sim/accounts/wx%201", { secret: "s" }, "appId"],
    ["PUT /__sim/accounts/wx1", { secret: "s", appId: "wx2" }, "appId"],
    ["PUT /__sim/accounts/wx1", { secret: "s", colour: "red" }, "colour"],
    ["PUT /__sim/accounts/wx1", "{", "body"],
    [`PATCH ${account}`, { whitelist: ["203.0.113.7", "*"] }, "whitelist.1"],
    [`PATCH ${account}`, { tokenLength: 4096 }, "tokenLength"],
    [`PATCH ${account}`, { tokenLifeSeconds: 0 }, "tokenLifeSeconds"],
    [`PATCH ${account}`, { type: "wecom" }, "type"],
    [`PATCH ${account}`, { quotas: { perHour: 1 } }, "quotas.perHour"],
    [`PATCH ${account}`, [], "body"],
    [`POST ${account}/faults`, undefined, "call"],
    [`POST ${account}/faults`, { call: "tokens", fault: { type: "http_502" } }, "call"],
    [`POST ${account}/faults`, { call: "token", fault: { type: "explode" } }, "fault.type"],
    [`POST ${account}/faults`, { call: "token", fault: { type: "delay" } }, "fault.ms"],
    [`POST ${account}/faults`, { call: "token", fault: { type: "http_502" }, times: 0 }, "times"],
    [`POST ${account}/faults`, { call: "token", fault: { type: "http_502" }, probability: 2 }, "probability"],
    [`POST ${account}/foreign-fetch`, { family: "modern" }, "family"],
    [`POST ${account}/expire`, { what: "all" }, "what"],
    ["GET /__sim/log?after=yesterday", undefined, "after"],
    ["GET /__sim/log?since=3", undefined, "since"],
  ])("%s %o is a 400 that names %s", async (line, body, field) => {
    const [method = "", path = ""] = line.split(" ");
    const answer = await client.ask(path, { method, ...(body !== undefined && { body }) });
    expect(answer.status).toBe(400);
    const problems = answer.json["problems"] as { field: string; problem: string }[];
    expect(problems.map((problem) => problem.field)).toContain(field);
    expect(problems.every(({ problem }) => problem !== "")).toBe(true);
  });

  it.each([
    ["GET", "/__sim/accounts/wxnobody"],
    ["PATCH", "/__sim/accounts/wxnobody"],
    ["POST", "/__sim/accounts/wxnobody/expire"],
    ["DELETE", `${account}/faults/99`],
    ["GET", "/__sim/nothing"],
  ])("%s %s is a 404 with a sentence", async (method, path) => {
    const answer = await client.ask(path, { method });
    expect(answer.status).toBe(404);
    expect(answer.json["error"]).not.toBe("");
  });

  it("places, lists and deletes faults", async () => {
    const { ask } = client;
    const place = (body: object) => ask(`${account}/faults`, { body });
    const one = await place({ call: "token", fault: { type: "http_502" }, times: null });
    await place({ call: "*", fault: { type: "reset_before" } });
    await ask("/__sim/accounts/*/faults", { body: { call: "user/info", fault: { type: "delay", ms: 1 } } });
    expect(JSON.parse((await ask("/__sim/faults")).text)).toHaveLength(3);
    await ask(`${account}/faults/${String(one.json["id"])}`, { method: "DELETE" });
    expect(JSON.parse((await ask(`${account}/faults`)).text)).toMatchObject([{ call: "*", times: 1 }]);
    await ask(`${account}/faults`, { method: "DELETE" });
    expect(JSON.parse((await ask("/__sim/faults")).text)).toMatchObject([{ appId: "*" }]);
  });

  it("lets someone else fetch and ages tokens", async () => {
    const { ask, simulator } = client;
    const mine = await client.token();
    const foreign = () => ask(`${account}/foreign-fetch`, { body: { family: "classic" } });
    expect((await foreign()).json).toMatchObject({ ordinal: 2, verdict: "issued", foreign: true });
    expect(simulator.control.tokenVerdict(APP_ID, mine)).toBe("accepted");
    await foreign();
    expect(simulator.control.tokenVerdict(APP_ID, mine)).toBe("superseded");
    const newest = await client.token();
    await ask(`${account}/expire`, { method: "POST" });
    expect(simulator.control.tokenVerdict(APP_ID, newest)).toBe("expired");
    const forced = await ask(`${account}/foreign-fetch`, { body: { family: "stable", force: true } });
    expect(forced.json).toMatchObject({ call: "stable_token", mode: "force", ordinal: 1 });
  });

  it("reads the log from a place on, by account and by call", async () => {
    await client.classic();
    await client.stable();
    await client.ask("/cgi-bin/token?grant_type=client_credential&appid=wxnobody&secret=b");
    const log = async (query: string) =>
      JSON.parse((await client.ask(`/__sim/log?${query}`)).text) as { seq: number; call: string; appId: string }[];
    const all = await log("");
    expect(all.map(({ call, appId }) => `${appId} ${call}`)).toEqual([
      `${APP_ID} token`,
      `${APP_ID} stable_token`,
      "null token",
    ]);
    expect(await log(`after=${all[0]?.seq}`)).toEqual(all.slice(1));
    expect(await log(`appId=${APP_ID}&call=stable_token`)).toEqual([all[1]]);
  });

  it("shows no token, ticket or secret anywhere", async () => {
    const values = [SECRET];
    for (const fetched of [await client.classic(), await client.stable(), await client.classic()]) {
      values.push(String(fetched.json["access_token"]));
    }
    const ticket = await client.ask(`/cgi-bin/ticket/getticket?access_token=${values.at(-1)}&type=wx_card`);
    values.push(String(ticket.json["ticket"]));
    await client.ask(`/cgi-bin/user/info?access_token=${values[1]}&openid=o1`);
    const paths = ["state", "log", "accounts", `accounts/${APP_ID}`, "faults"];
    const texts = await Promise.all(paths.map(async (path) => (await client.ask(`/__sim/${path}`)).text));
    const bad = await client.ask(account, { method: "PATCH", body: { secret: `${SECRET}${"x".repeat(300)}` } });
    expect(values.every((value) => value.length > 30)).toBe(true);
    expect(texts.join("").length).toBeGreaterThan(2000);
    for (const value of values) expect(texts.join("") + bad.text).not.toContain(value);
  });

  it("resets to the accounts of the start, or keeps the present ones", async () => {
    const { ask, simulator } = client;
    await ask("/__sim/accounts/wxnew", { method: "PUT", body: { secret: "s" } });
    const token = await client.token();
    await ask("/__sim/reset", { body: { keepAccounts: true } });
    expect(simulator.control.accounts().map(({ appId }) => appId)).toEqual([APP_ID, "wxnew"]);
    expect(simulator.control.tokenVerdict(APP_ID, token)).toBe("unknown");
    await ask("/__sim/reset", { method: "POST" });
    expect(simulator.control.accounts().map(({ appId }) => appId)).toEqual([APP_ID]);
    expect(simulator.control.log()).toEqual([]);
  });
});
