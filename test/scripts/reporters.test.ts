// What the worker writes down of apps that report a credential.
import { parseReporterEntry, type ReporterEntry } from "@tokenkeeper/core";
import { reportersKey } from "@tokenkeeper/shared/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createNoteReporter, type NoteReporter } from "../../packages/worker/src/store/reporter-store.ts";
import { startTestRedis, type TestRedis } from "../support/redis.ts";

const REF = { account: "wx1234567890abcdef", kind: "access_token" } as const;
const KEY = reportersKey(REF);

let server: TestRedis;
let note: NoteReporter;
beforeAll(async () => {
  server = await startTestRedis();
  note = createNoteReporter(server.redis);
});
afterAll(() => server.stop());
beforeEach(() => server.redis.del(KEY));

async function noted(app: string): Promise<ReporterEntry | undefined> {
  return parseReporterEntry((await server.redis.hget(KEY, app)) ?? "");
}

describe("an app that reports", () => {
  it("is counted from its first report on, with what the last one came to", async () => {
    await note(REF, "shop-web", "confirmed");
    const first = await noted("shop-web");
    await note(REF, "shop-web", "stale");

    const [seconds] = await server.redis.time();
    expect(first).toEqual({ since: first?.at, at: expect.any(Number), times: 1, result: "confirmed" });
    expect(Math.abs((first?.at ?? 0) - Number(seconds) * 1_000)).toBeLessThan(5_000);
    expect(await noted("shop-web")).toMatchObject({ since: first?.since, times: 2, result: "stale" });
    expect(await server.redis.ttl(KEY)).toBeGreaterThan(6 * 24 * 3_600);
  });

  it("takes the place of the ones that reported longest ago, and of what nobody can read", async () => {
    const old = Array.from({ length: 12 }, (_, index) => {
      const at = 1_700_000_000_000 + index;
      return [`app ${index}`, JSON.stringify({ since: at, at, times: 1, result: "stale" })] as const;
    });
    await server.redis.hset(KEY, Object.fromEntries([...old, ["broken", "{"]]));

    await note(REF, "shop-web", "confirmed");

    const kept = Object.keys(await server.redis.hgetall(KEY)).toSorted();
    expect(kept).toEqual([...old.slice(-9).map(([app]) => app), "shop-web"].toSorted());
  });

  it.each([
    ["no JSON", "{"],
    ["a list", "[1,2,3]"],
    ["other types", '{"since":"x","at":{},"times":[]}'],
    ["numbers out of all bounds", '{"since":-5,"at":1e300,"times":1e300}'],
  ])("begins anew over %s", async (_what, text) => {
    await server.redis.hset(KEY, "shop-web", text);

    await note(REF, "shop-web", "denied");

    expect(await noted("shop-web")).toMatchObject({ times: 1, result: "denied" });
  });

  it("begins anew where a key of another type stood", async () => {
    await server.redis.set(KEY, "text");

    await note(REF, "shop-web", "foreign");

    expect(await noted("shop-web")).toMatchObject({ times: 1, result: "foreign" });
  });
});
