import { afterEach, describe, expect, it } from "vitest";
import { recordKey } from "@tokenkeeper/shared/contract";
import { eventually } from "../support/eventually.ts";
import { startWorld, type World } from "../support/world.ts";

let world: World;
afterEach(() => world[Symbol.asyncDispose]());

describe("one fetch at a time", () => {
  it("fetches once for 50 apps that ask at expiry, over three worker processes", async () => {
    world = await startWorld({ accounts: [{ name: "shop", token: "classic" }] });
    // The worker that made a commit puts it back when Redis loses it; other ones know nothing of it.
    const committer = await world.startWorker();
    await world.client({ waitMs: 10_000 }).getAccessToken("shop");
    await committer.stop();
    await Promise.all([world.startWorker(), world.startWorker(), world.startWorker()]);
    const key = recordKey({ account: world.appId("shop"), kind: "access_token" });
    const apps = Array.from({ length: 50 }, () => world.client({ waitMs: 15_000 }));
    await world.redis.redis.pexpire(key, 1);
    await eventually(async () => expect(await world.redis.redis.exists(key)).toBe(0), { what: "the token to expire" });

    const tokens = await Promise.all(apps.map((app) => app.getAccessToken("shop")));

    const [token] = tokens;
    expect(new Set(tokens).size).toBe(1);
    expect(world.simulator.control.tokenVerdict(world.appId("shop"), token ?? "")).toBe("accepted");
    expect(world.fetches("shop")).toHaveLength(2);
    expect(Math.max(...world.fetches("shop").map(({ inFlight }) => inFlight))).toBe(1);
  });

  it("fetches nothing that is fresh when workers start again", async () => {
    world = await startWorld({ accounts: [{ name: "shop", token: "classic", tickets: ["jsapi"] }] });
    const first = await world.startWorker();
    const token = await world.client({ waitMs: 10_000 }).getAccessToken("shop");
    await world.client({ waitMs: 10_000 }).getTicket("shop", "jsapi");
    await first.stop();

    await Promise.all([world.startWorker(), world.startWorker()]);
    await eventually(async () => expect(await world.scheduleQueue.getCompletedCount()).toBeGreaterThan(4), {
      what: "ticks and sweeps of the new workers",
      timeoutMs: 20_000,
    });

    expect(await world.client().getAccessToken("shop")).toBe(token);
    expect(world.fetches("shop")).toHaveLength(2);
  });

  it("keeps a token of 1,024 characters byte for byte", async () => {
    world = await startWorld({ accounts: [{ name: "shop", wechat: { tokenLength: 1024 } }] });
    await world.startRuntime();

    const token = await world.client({ waitMs: 10_000 }).getAccessToken("shop");

    const { secret } = world.config().accounts[0] ?? {};
    const response = await fetch(`${world.simulator.url}/cgi-bin/stable_token`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ grant_type: "client_credential", appid: world.appId("shop"), secret: secret?.reveal() }),
    });
    const { access_token: issued } = (await response.json()) as { access_token: string };
    expect(issued).toHaveLength(1024);
    expect(token).toBe(issued);
  });
});
