import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { cardSignature } from "@tokenkeeper/shared";
import { startSdkWorld, type SdkWorld } from "../support/sdk.ts";

type Done<T> = (error: Error | null, result: T) => void;
interface Api {
  getUser(openid: string, done: Done<{ openid: string }>): void;
  uploadMedia(...given: [file: string, type: string, done: Done<{ media_id: string }>]): void;
  getJsConfig(page: { url: string }, done: Done<{ nonceStr: string; timestamp: string; signature: string }>): void;
  getCardExt(card: { card_id: string }, done: Done<{ timestamp: string; signature: string }>): void;
  getAccessToken(done: Done<{ accessToken: string }>): void;
  getLatestToken(done: Done<{ accessToken: string }>): void;
  getTicket(type: string, done: Done<{ ticket: string }>): void;
  getTicket(done: Done<{ ticket: string }>): void;
  request(url: string, done: Done<Buffer>): void;
}
interface Adapter {
  readonly TokenkeeperAPI: new (appId: string) => Api;
  readonly api: Api;
}

let sdk: SdkWorld<Adapter>;
let api: Api;
beforeAll(async () => {
  sdk = await startSdkWorld<Adapter>("wechat-api");
  api = sdk.adapter.api;
});
afterEach(() => sdk.assertNoFetch());
afterAll(() => sdk[Symbol.asyncDispose]());

const done = <T>(call: (done: Done<T>) => void): Promise<T> => promisify(call)();

describe("wechat-api with the adapter of its page", () => {
  it("makes a business call that WeChat accepts", async () => {
    expect(await done<{ openid: string }>((tell) => api.getUser("o1", tell))).toMatchObject({ openid: "o1" });

    expect(sdk.verdicts("user/info")).toEqual(["accepted"]);
  });

  it("survives a foreign refresh, also in an upload, whose body is sent again", async () => {
    const file = join(sdk.folder, "a.png");
    await writeFile(file, Buffer.alloc(100_000, "x"));
    sdk.foreignRefresh();

    expect(await done((tell) => api.uploadMedia(file, "image", tell))).toHaveProperty("media_id");

    expect(sdk.verdicts("media/upload")).toEqual(["superseded", "accepted"]);
  });

  it("survives the early end of a token (42001), for which the SDK itself has no retry", async () => {
    const mini = new sdk.adapter.TokenkeeperAPI(sdk.world.appId("mini"));
    await done((tell) => mini.getUser("o1", tell));
    sdk.world.simulator.control.expire(sdk.world.appId("mini"), { what: "classic" });

    expect(await done<{ openid: string }>((tell) => mini.getUser("o2", tell))).toMatchObject({ openid: "o2" });

    expect(sdk.verdicts("user/info", "mini")).toEqual(["accepted", "expired", "accepted"]);
  });

  it("leaves the tokens of users alone", async () => {
    const url = "https://api.weixin.qq.com/sns/userinfo?access_token=of-a-user&openid=o1";

    expect(String(await done<Buffer>((tell) => api.request(url, tell)))).toContain("40066");

    expect(sdk.calls.at(-1)?.searchParams.get("access_token")).toBe("of-a-user");
  });

  it("signs pages and cards as we do", async () => {
    const url = "https://shop.example/pay?id=1";
    const page = await done<{ nonceStr: string; timestamp: string; signature: string }>((tell) =>
      api.getJsConfig({ url }, tell),
    );
    const card = await done<{ timestamp: string; signature: string }>((tell) =>
      api.getCardExt({ card_id: "pFS7Fjg8kV1I" }, tell),
    );

    expect(page.signature).toBe(await sdk.signatureOf({ ...page, url }));
    const ticket = await sdk.world.tokens.getTicket("shop", "wx_card");
    expect(card.signature).toBe(cardSignature([ticket, card.timestamp, "pFS7Fjg8kV1I"]));
  });

  it("fetches nothing when it is asked for token and tickets themselves", async () => {
    const token = { accessToken: await sdk.world.tokens.getAccessToken("shop") };
    expect(await done((tell) => api.getAccessToken(tell))).toMatchObject(token);
    expect(await done((tell) => api.getLatestToken(tell))).toMatchObject(token);
    const [jsapi, card] = [
      await sdk.world.tokens.getTicket("shop", "jsapi"),
      await sdk.world.tokens.getTicket("shop", "wx_card"),
    ];
    expect(await done((tell) => api.getTicket(tell))).toMatchObject({ ticket: jsapi });
    expect(await done((tell) => api.getTicket("wx_card", tell))).toMatchObject({ ticket: card });
  });

  it("fetches nothing when there is no token", async () => {
    const unknown = new sdk.adapter.TokenkeeperAPI("nobody");
    const unavailable = { code: "TOKEN_UNAVAILABLE", reason: "unknown_account" };

    await expect(done((tell) => unknown.getUser("o1", tell))).rejects.toMatchObject(unavailable);
    await expect(done((tell) => unknown.getJsConfig({ url: "https://shop.example" }, tell))).rejects.toMatchObject(
      unavailable,
    );
  });
});
