import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { cardSignature } from "@tokenkeeper/shared";
import { startSdkWorld, type SdkWorld } from "../support/sdk.ts";

interface Api {
  getUser(openid: string): Promise<{ openid: string }>;
  uploadMedia(file: Buffer, type: string, name: string, mime: string): Promise<{ media_id: string }>;
  getJsConfig(page: { url: string }): Promise<{ nonceStr: string; timestamp: string; signature: string }>;
  getCardExt(card: { card_id: string }): Promise<{ timestamp: string; signature: string }>;
  getAccessToken(): Promise<{ accessToken: string }>;
  getTicket(type?: string): Promise<{ ticket: string }>;
  request(url: string): Promise<object>;
}
interface Adapter {
  readonly TokenkeeperAPI: new (appId: string) => Api;
  readonly api: Api;
}

let sdk: SdkWorld<Adapter>;
let api: Api;
beforeAll(async () => {
  sdk = await startSdkWorld<Adapter>("co-wechat-api");
  api = sdk.adapter.api;
});
afterEach(() => sdk.assertNoFetch());
afterAll(() => sdk[Symbol.asyncDispose]());

describe("co-wechat-api with the adapter of its page", () => {
  it("makes a business call that WeChat accepts", async () => {
    expect(await api.getUser("o1")).toMatchObject({ openid: "o1" });

    expect(sdk.verdicts("user/info")).toEqual(["accepted"]);
  });

  it("survives a foreign refresh, also in an upload, whose body is sent again", async () => {
    sdk.foreignRefresh();

    expect(await api.uploadMedia(Buffer.alloc(100_000, "x"), "image", "a.png", "image/png")).toHaveProperty("media_id");

    expect(sdk.verdicts("media/upload")).toEqual(["superseded", "accepted"]);
  });

  it("leaves the tokens of users alone", async () => {
    const call = api.request("https://api.weixin.qq.com/sns/userinfo?access_token=of-a-user&openid=o1");

    await expect(call).rejects.toMatchObject({ code: 40066 });
    expect(sdk.calls.at(-1)?.searchParams.get("access_token")).toBe("of-a-user");
  });

  it("signs pages and cards as we do", async () => {
    const url = "https://shop.example/pay?id=1";
    const page = await api.getJsConfig({ url });
    const card = await api.getCardExt({ card_id: "pFS7Fjg8kV1I" });

    expect(page.signature).toBe(await sdk.signatureOf({ ...page, url }));
    const ticket = await sdk.world.tokens.getTicket("shop", "wx_card");
    expect(card.signature).toBe(cardSignature([ticket, card.timestamp, "pFS7Fjg8kV1I"]));
  });

  it("fetches nothing when it is asked for token and tickets themselves", async () => {
    expect((await api.getAccessToken()).accessToken).toBe(await sdk.world.tokens.getAccessToken("shop"));
    expect((await api.getTicket()).ticket).toBe(await sdk.world.tokens.getTicket("shop", "jsapi"));
    expect((await api.getTicket("wx_card")).ticket).toBe(await sdk.world.tokens.getTicket("shop", "wx_card"));
  });

  it("fetches nothing when there is no token", async () => {
    const unknown = new sdk.adapter.TokenkeeperAPI("nobody");

    await expect(unknown.getUser("o1")).rejects.toMatchObject({ reason: "unknown_account" });
    await expect(unknown.getJsConfig({ url: "https://shop.example" })).rejects.toMatchObject({
      code: "TOKEN_UNAVAILABLE",
    });
  });
});
