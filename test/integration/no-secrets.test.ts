// Nothing but the record and its mirrors may hold a token, and nothing at all a secret.
import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { contentOf } from "../support/key-content.ts";
import { startWorld, type World } from "../support/world.ts";

let world: World;
afterEach(() => world[Symbol.asyncDispose]());

const GARBAGE = "<html>upstream key=LEAKCANARY0123456789</html>";

describe("no secret", () => {
  it("stands in a log, a job or a key other than the record and its mirrors", async () => {
    world = await startWorld({
      scale: 10,
      accounts: [
        { name: "good", tickets: ["jsapi"], mirror: ["wxjava", "wechatpy", "powerwechat"] },
        { name: "classic", token: "classic" },
        { name: "refused", wechat: { whitelist: ["198.51.100.1"] } },
        { name: "garbage", token: "classic" },
        { name: "reset", token: "classic" },
        { name: "wrong", wrongSecret: "deadbeefdeadbeefdeadbeefdeadbeef" },
      ],
    });
    const { control } = world.simulator;
    control.addFault(world.appId("garbage"), { call: "token", fault: { type: "body", body: GARBAGE }, times: 3 });
    control.addFault(world.appId("reset"), { call: "token", fault: { type: "execute_then_reset" }, times: 2 });
    const worker = await world.startWorker();
    for (const name of ["good", "classic", "garbage", "reset"]) {
      await world.client({ waitMs: 40_000 }).getAccessToken(name);
    }
    await eventually(async () => expect((await world.refreshQueue.getFailed()).length).toBeGreaterThanOrEqual(2), {
      what: "the failed jobs",
    });
    await worker.stop();

    const canaries = world.config().accounts.map(({ secret }) => secret.reveal());
    const keys = await world.redis.redis.keys("*");
    const records = keys.filter((key) => key.startsWith("wx:tok:"));
    const mirrors = keys.filter((key) => /^(wx:access_token|wx:ticket|wechatpy|powerwechat)/.test(key));
    for (const key of records) canaries.push((await world.redis.redis.hget(key, "value")) ?? "");
    canaries.push("LEAKCANARY0123456789", new URL(world.redis.url).password);
    const dumps = await Promise.all(
      keys
        .filter((key) => ![...records, ...mirrors].includes(key))
        .map(async (key) => ({ place: key, text: await contentOf(world.redis.redis, key) })),
    );

    expect(records).toHaveLength(5);
    expect(mirrors).toHaveLength(7);
    expect(worker.output().length).toBeGreaterThan(500);
    for (const { place, text } of [...dumps, { place: "the worker's output", text: worker.output() }]) {
      for (const canary of canaries) expect(pieceIn(text, canary), `a piece of a secret in ${place}`).toBe(false);
    }
  });
});

/** Whether any 12 characters in a row of a secret stand in the text. */
function pieceIn(text: string, secret: string): boolean {
  for (let start = 0; start + 12 <= secret.length; start += 1) {
    if (text.includes(secret.slice(start, start + 12))) return true;
  }
  return false;
}
