import "reflect-metadata";
import type { DynamicModule, INestApplicationContext } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { WeChatService } from "nest-wechat";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startSdkWorld, type SdkWorld } from "../support/sdk.ts";

interface Adapter {
  readonly ShopWeChat: DynamicModule;
  readonly withWeChat: <T>(call: () => Promise<T>) => Promise<T>;
}

let sdk: SdkWorld<Adapter>;
let nest: INestApplicationContext;
let wechat: WeChatService;
beforeAll(async () => {
  sdk = await startSdkWorld<Adapter>("nest-wechat");
  nest = await NestFactory.createApplicationContext(sdk.adapter.ShopWeChat, { logger: false });
  wechat = nest.get(WeChatService);
});
afterEach(() => sdk.assertNoFetch());
afterAll(async () => {
  await nest.close();
  await sdk[Symbol.asyncDispose]();
});

const MESSAGE = { touser: "o1", template_id: "t1", data: { first: { value: "paid" } } };

describe("nest-wechat with the adapter of its page", () => {
  it("makes a business call that WeChat accepts", async () => {
    expect(await wechat.sendTemplateMessage(MESSAGE)).toMatchObject({ errcode: 0, msgid: expect.any(Number) });

    expect(sdk.verdicts("message/template/send")).toEqual(["accepted"]);
  });

  it("survives a foreign refresh when the call is wrapped", async () => {
    sdk.foreignRefresh();

    expect(await sdk.adapter.withWeChat(() => wechat.sendTemplateMessage(MESSAGE))).toMatchObject({ errcode: 0 });

    expect(sdk.verdicts("message/template/send").slice(-2)).toEqual(["superseded", "accepted"]);
  });

  it("signs pages as we do", async () => {
    const url = "https://shop.example/pay?id=1";

    const signed = await wechat.jssdkSignature(url);

    expect(signed.appId).toBe(sdk.appId);
    expect(signed.signature).toBe(await sdk.signatureOf({ ...signed, url }));
  });

  it("fetches nothing when there is no token", async () => {
    const unknown = ["nobody", "kept by Tokenkeeper"] as const;
    const unavailable = { code: "TOKEN_UNAVAILABLE", reason: "unknown_account" };

    await expect(wechat.sendTemplateMessage(MESSAGE, ...unknown)).rejects.toMatchObject(unavailable);
    await expect(wechat.jssdkSignature("https://shop.example", ...unknown)).rejects.toMatchObject(unavailable);
  });
});
