import { createHash } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { CONTROL_FIELDS, decodeControl } from "@tokenkeeper/core";
import { controlKey, recordKey } from "@tokenkeeper/shared/contract";
import { eventually } from "../support/eventually.ts";
import { startWorld, type World } from "../support/world.ts";

let world: World;
afterEach(() => world[Symbol.asyncDispose]());

describe("tickets", () => {
  it("keeps both tickets and signs a page that WeChat would accept", async () => {
    world = await startWorld({ accounts: [{ name: "shop", tickets: ["jsapi", "wx_card"] }] });
    await world.startRuntime();
    const app = world.client({ waitMs: 10_000 });

    const [jsapi, card] = [await app.getTicket("shop", "jsapi"), await app.getTicket("shop", "wx_card")];
    const signed = await app.signJsApi("shop", "https://shop.example/pay?id=1#top");

    const { control } = world.simulator;
    expect(control.ticketVerdict(world.appId("shop"), "jsapi", jsapi)).toBe("accepted");
    expect(control.ticketVerdict(world.appId("shop"), "wx_card", card)).toBe("accepted");
    const text = `jsapi_ticket=${jsapi}&noncestr=${signed.nonceStr}&timestamp=${signed.timestamp}&url=https://shop.example/pay?id=1`;
    expect(signed.signature).toBe(createHash("sha1").update(text).digest("hex"));
    expect(signed.appId).toBe(world.appId("shop"));
  });

  it("keeps the first expiry of a ticket that comes back unchanged", async () => {
    const wechat = { tokenLifeSeconds: 7_200, ticketLifeSeconds: 1_200 };
    world = await startWorld({ scale: 60, accounts: [{ name: "shop", tickets: ["jsapi"], wechat }] });
    const credential = { account: world.appId("shop"), kind: "jsapi_ticket" } as const;
    await world.startRuntime();
    const expiry = async (): Promise<{ at: number; generation: number }> => {
      const control = decodeControl(await world.redis.redis.hmget(controlKey(credential), ...CONTROL_FIELDS));
      return { at: control.expiresAt ?? 0, generation: control.committedGeneration };
    };
    const first = await eventually(
      async () => {
        const found = await expiry();
        expect(found.generation).toBeGreaterThan(0);
        return found;
      },
      { what: "the first ticket" },
    );

    const second = await eventually(
      async () => {
        const found = await expiry();
        expect(found.generation).toBeGreaterThan(first.generation);
        return found;
      },
      { what: "the ticket to be looked at again", timeoutMs: 20_000 },
    );

    expect(second.at).toBe(first.at);
    expect(Number(await world.redis.redis.hget(recordKey(credential), "expires_at"))).toBe(first.at);
  });

  it("does not touch a good token when WeChat refuses the ticket once", async () => {
    world = await startWorld({ accounts: [{ name: "shop", token: "classic", tickets: ["jsapi"] }] });
    const appId = world.appId("shop");
    world.simulator.control.addFault(appId, { call: "getticket:jsapi", fault: { type: "errcode", errcode: 40001 } });
    await world.startRuntime();

    await world.client({ waitMs: 20_000 }).getTicket("shop", "jsapi");

    expect(world.fetches("shop", "token")).toHaveLength(1);
  });

  it("replaces the token and then fetches the ticket when the token really died", async () => {
    world = await startWorld({ accounts: [{ name: "shop", token: "classic", tickets: ["jsapi"] }] });
    const appId = world.appId("shop");
    const committer = await world.startRuntime();
    const app = world.client({ waitMs: 20_000 });
    const first = await app.getAccessToken("shop");
    await app.getTicket("shop", "jsapi");
    // The worker that made a commit puts it back when Redis loses it; another one knows nothing of it.
    await committer.stop();
    await world.startRuntime();
    world.simulator.control.foreignFetch(appId, { family: "classic" });
    world.simulator.control.foreignFetch(appId, { family: "classic" });
    world.simulator.control.expire(appId, { what: "jsapi" });
    await world.redis.redis.del(recordKey({ account: appId, kind: "jsapi_ticket" }));

    const ticket = await world.client({ waitMs: 20_000 }).getTicket("shop", "jsapi");

    expect(world.simulator.control.ticketVerdict(appId, "jsapi", ticket)).toBe("accepted");
    expect(await world.client().getAccessToken("shop")).not.toBe(first);
  });
});
