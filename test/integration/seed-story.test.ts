// The note that the project started from: cache a token, read it, refresh a blank one, and what "not latest" means.
import { afterEach, describe, expect, it } from "vitest";
import { recordKey } from "@tokenkeeper/shared/contract";
import { eventually } from "../support/eventually.ts";
import { startWorld, type World } from "../support/world.ts";

let world: World;
afterEach(() => world[Symbol.asyncDispose]());

describe("the seed's story", () => {
  it("caches a token that WeChat accepts, and reads it again without another fetch", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }] });
    await world.startRuntime();

    const token = await world.tokens.getAccessToken("shop");
    const again = await world.client().getAccessToken(world.appId("shop"));

    expect(again).toBe(token);
    expect(await world.businessCall(token)).toMatchObject({ openid: expect.any(String) });
    expect(world.fetches("shop")).toHaveLength(1);
  });

  it("refreshes a token that is blank, and reads it", async () => {
    world = await startWorld({ accounts: [{ name: "shop", token: "classic" }] });
    const committer = await world.startRuntime();
    const first = await world.tokens.getAccessToken("shop");
    // The worker that made a commit puts it back when Redis loses it; another one knows nothing of it.
    await committer.stop();
    await world.startRuntime();
    await world.redis.redis.del(recordKey({ account: world.appId("shop"), kind: "access_token" }));

    const second = await world.client({ waitMs: 10_000 }).getAccessToken("shop");

    expect(second).not.toBe(first);
    expect(await world.businessCall(second)).toMatchObject({ openid: expect.any(String) });
    expect(world.fetches("shop")).toHaveLength(2);
  });

  it("shows that two services that fetch in turn break each other on the classic endpoint", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }] });
    const fetchToken = async (): Promise<string> => {
      const { access_token: token } = await classicFetch(world, "shop");
      return token;
    };

    const [ofFirst] = [await fetchToken(), await fetchToken(), await fetchToken()];

    expect(await world.businessCall(ofFirst)).toMatchObject({ errcode: 40001 });
  });

  it("lets two services share one token when both read from here", async () => {
    world = await startWorld({ accounts: [{ name: "shop", token: "classic" }] });
    await world.startRuntime();
    const services = [world.client(), world.client()];

    const tokens = [];
    for (const service of [...services, ...services]) tokens.push(await service.getAccessToken("shop"));

    expect(new Set(tokens).size).toBe(1);
    for (const token of tokens) expect(await world.businessCall(token)).not.toHaveProperty("errcode");
    expect(world.fetches("shop")).toHaveLength(1);
  });

  it("survives a foreign fetch in the middle of a business call", async () => {
    world = await startWorld({ accounts: [{ name: "shop", token: "classic" }] });
    await world.startRuntime();
    const appId = world.appId("shop");
    let calls = 0;

    const reply = await world.client({ waitMs: 10_000 }).withToken("shop", async (token) => {
      calls += 1;
      if (calls === 1) {
        world.simulator.control.foreignFetch(appId, { family: "classic" });
        world.simulator.control.foreignFetch(appId, { family: "classic" });
      }
      return world.businessCall(token);
    });

    expect(reply).toMatchObject({ openid: expect.any(String) });
    expect(calls).toBe(2);
    await eventually(() => expect(world.fetches("shop")).toHaveLength(2), { what: "one refresh after the report" });
  });
});

async function classicFetch(of: World, name: string): Promise<{ access_token: string }> {
  const { secret } = of.config().accounts.find((account) => account.name === name) ?? {};
  const query = new URLSearchParams({
    grant_type: "client_credential",
    appid: of.appId(name),
    secret: secret?.reveal() ?? "",
  });
  const response = await fetch(`${of.simulator.url}/cgi-bin/token?${query.toString()}`);
  return (await response.json()) as { access_token: string };
}
