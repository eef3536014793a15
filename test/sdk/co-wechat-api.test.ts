import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cardSignature } from "@tokenkeeper/shared";
import { FETCH_PATHS, startSdkWorld, type SdkWorld } from "../support/sdk.ts";

interface Api {
  getUser(openid: string): Promise<{ openid: string }>;
  getIp(): Promise<{ ip_list: string[] }>;
  sendTemplate(openid: string, templateId: string, url: string, topColor: string, data: object): Promise<object>;
  getJsConfig(param: {
    url: string;
  }): Promise<{ appId: string; nonceStr: string; timestamp: string; signature: string }>;
  getCardExt(param: { card_id: string }): Promise<{ timestamp: string; signature: string }>;
  getAccessToken(): Promise<{ accessToken: string }>;
  getTicket(): Promise<{ ticket: string }>;
  request(url: string, options: object): Promise<object>;
}

let sdk: SdkWorld<{ api: Api }>;
beforeAll(async () => {
  sdk = await startSdkWorld({ sdk: "co-wechat-api", language: "js" });
});
afterAll(() => sdk[Symbol.asyncDispose]());

describe("co-wechat-api", () => {
  it("makes business calls that WeChat accepts", async () => {
    expect(await sdk.adapter.api.getUser("o1")).toMatchObject({ openid: "o1" });
  });

  it("survives a foreign refresh", async () => {
    sdk.foreignRefresh();
    expect(await sdk.adapter.api.getUser("o2")).toMatchObject({ openid: "o2" });
  });

  it("sends the body of a refused upload again", async () => {
    sdk.foreignRefresh();
    const body = Readable.from([JSON.stringify({ touser: "o1", template_id: "t1" })]);
    const url = "https://api.weixin.qq.com/cgi-bin/message/template/send?access_token=x";
    expect(await sdk.adapter.api.request(url, { method: "POST", data: body })).toMatchObject({ errcode: 0 });
  });

  it("signs", async () => {
    const url = "https://shop.example/pay?id=1";
    const signed = await sdk.adapter.api.getJsConfig({ url });
    expect(signed.signature).toBe(await sdk.signatureOf({ ...signed, url }));
    const card = await sdk.adapter.api.getCardExt({ card_id: "p1" });
    const ticket = await sdk.world.tokens.getTicket("shop", "wx_card");
    expect(card.signature).toBe(cardSignature([ticket, card.timestamp, "p1"]));
  });

  it("0 fetches", async () => {
    await sdk.adapter.api.getAccessToken();
    await sdk.adapter.api.getTicket();
    console.log(sdk.calls);
    expect(sdk.calls.filter((path) => FETCH_PATHS.test(path))).toEqual([]);
  });
});
