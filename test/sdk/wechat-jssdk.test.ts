import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { cardSignature } from "@tokenkeeper/shared";
import { startSdkWorld, type SdkWorld, type SignedPage } from "../support/sdk.ts";

interface Wechat {
  readonly jssdk: {
    getSignature(url: string): Promise<SignedPage & { signature: string }>;
    getGlobalTokenAndTicket(force: boolean): Promise<object>;
  };
  readonly card: {
    getCardExt(cardId: string): Promise<string>;
    decryptCardCode(code: string): Promise<{ code: string }>;
    getGlobalToken(force: boolean): Promise<{ accessToken: string }>;
  };
}
interface Adapter {
  readonly createWechat: (appId: string) => Wechat;
  readonly wechat: Wechat;
}

let sdk: SdkWorld<Adapter>;
let wechat: Wechat;
beforeAll(async () => {
  sdk = await startSdkWorld<Adapter>("wechat-jssdk");
  wechat = sdk.adapter.wechat;
});
afterEach(() => sdk.assertNoFetch());
afterAll(() => sdk[Symbol.asyncDispose]());

describe("wechat-jssdk with the adapter of its page", () => {
  it("makes its business call, which WeChat accepts", async () => {
    expect(await wechat.card.decryptCardCode("XXIzTtMqCxwOaawoE91")).toMatchObject({ code: expect.any(String) });

    expect(sdk.verdicts("card/code/decrypt")).toEqual(["accepted"]);
  });

  it("survives a foreign refresh", async () => {
    sdk.foreignRefresh();

    expect(await wechat.card.decryptCardCode("XXIzTtMqCxwOaawoE91")).toMatchObject({ code: expect.any(String) });

    expect(sdk.verdicts("card/code/decrypt").slice(-2)).toEqual(["superseded", "accepted"]);
  });

  it("signs pages and cards as we do", async () => {
    const page = await wechat.jssdk.getSignature("https://shop.example/pay?id=1#top");
    const card = JSON.parse(await wechat.card.getCardExt("pFS7Fjg8kV1I")) as Record<string, string>;

    expect(page).toMatchObject({ appId: sdk.appId, url: "https://shop.example/pay?id=1" });
    expect(page.signature).toBe(await sdk.signatureOf(page));
    const ticket = await sdk.world.tokens.getTicket("shop", "wx_card");
    const signed = cardSignature([ticket, card["timestamp"], card["nonce_str"], "pFS7Fjg8kV1I"]);
    expect(card["signature"]).toBe(signed);
  });

  it("signs a page anew each time, so that no signature outlives its ticket", async () => {
    const sign = (): Promise<SignedPage> => wechat.jssdk.getSignature("https://shop.example/pay?id=2");

    expect((await sign()).nonceStr).not.toBe((await sign()).nonceStr);
  });

  it("fetches nothing when it is told to", async () => {
    const accessToken = await sdk.world.tokens.getAccessToken("shop");

    expect(await wechat.jssdk.getGlobalTokenAndTicket(true)).toMatchObject({ accessToken });
    expect(await wechat.card.getGlobalToken(true)).toMatchObject({ accessToken });
  });

  it("fetches nothing when there is no token", async () => {
    const unknown = sdk.adapter.createWechat("nobody");
    const unavailable = { code: "TOKEN_UNAVAILABLE", reason: "unknown_account" };

    await expect(unknown.jssdk.getSignature("https://shop.example")).rejects.toMatchObject(unavailable);
    await expect(unknown.card.getCardExt("pFS7Fjg8kV1I")).rejects.toMatchObject(unavailable);
    await expect(unknown.card.decryptCardCode("XXIzTtMqCxwOaawoE91")).rejects.toMatchObject(unavailable);
  });
});
