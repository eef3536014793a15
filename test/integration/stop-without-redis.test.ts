import { afterEach, describe, expect, it } from "vitest";
import { startWorld, type World } from "../support/world.ts";

let world: World;
afterEach(() => world[Symbol.asyncDispose]());

describe("a worker that is told to end while Redis is away", () => {
  it("ends within 10 s", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }, { name: "other" }] });
    const worker = await world.startWorker();
    await world.tokens.getAccessToken("shop");
    await world.redis.down();

    const { code, tookMs } = await worker.stop();

    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(10_000);
  });
});
