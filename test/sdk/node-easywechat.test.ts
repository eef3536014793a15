import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { MiniApp, OfficialAccount } from "node-easywechat";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startSdkWorld, type SdkWorld } from "../support/sdk.ts";

interface Adapter {
  readonly officialAccount: (appId: string) => OfficialAccount;
  readonly miniApp: (appId: string) => MiniApp;
  readonly app: OfficialAccount;
}

let sdk: SdkWorld<Adapter>;
let app: OfficialAccount;
beforeAll(async () => {
  sdk = await startSdkWorld<Adapter>("node-easywechat");
  app = sdk.adapter.app;
});
afterEach(() => sdk.assertNoFetch());
afterAll(() => sdk[Symbol.asyncDispose]());

describe("node-easywechat with the adapter of its page", () => {
  it("makes a business call that WeChat accepts", async () => {
    const response = await app.getClient().get("cgi-bin/user/info", { params: { openid: "o1" } });

    expect(response.toObject()).toMatchObject({ openid: "o1" });
    expect(sdk.verdicts("user/info")).toEqual(["accepted"]);
  });

  it("survives a foreign refresh, also in an upload, whose body is sent again", async () => {
    const file = join(sdk.folder, "a.png");
    await writeFile(file, Buffer.alloc(100_000, "x"));
    sdk.foreignRefresh();

    const upload = app.getClient().withFile(file, "media");
    const response = await upload.post("cgi-bin/media/upload", { params: { type: "image" } });

    expect(response.toObject()).toMatchObject({ type: "image" });
    expect(sdk.verdicts("media/upload")).toEqual(["superseded", "accepted"]);
  });

  it("does the same for a mini program", async () => {
    const mini = sdk.adapter.miniApp(sdk.world.appId("mini"));
    await mini.getClient().get("cgi-bin/user/info", { params: { openid: "o1" } });
    sdk.foreignRefresh("mini");

    const response = await mini.getClient().get("cgi-bin/user/info", { params: { openid: "o2" } });

    expect(response.toObject()).toMatchObject({ openid: "o2" });
    expect(sdk.verdicts("user/info", "mini")).toEqual(["accepted", "superseded", "accepted"]);
  });

  it("leaves the tokens of users alone", async () => {
    await app.getHttpClient().request("get", "sns/userinfo", { params: { access_token: "of-a-user", openid: "o1" } });

    expect(sdk.calls.at(-1)?.searchParams.get("access_token")).toBe("of-a-user");
  });

  it("signs pages as we do", async () => {
    const url = "https://shop.example/pay?id=1";

    const signed = await app.getUtils().buildJsSdkConfig(url);

    expect(signed["appId"]).toBe(sdk.appId);
    expect(signed["signature"]).toBe(
      await sdk.signatureOf({ url, nonceStr: String(signed["nonceStr"]), timestamp: Number(signed["timestamp"]) }),
    );
  });

  it("fetches nothing when there is no token", async () => {
    const unknown = sdk.adapter.officialAccount("nobody");
    const unavailable = { code: "TOKEN_UNAVAILABLE", reason: "unknown_account" };

    await expect(unknown.getClient().get("cgi-bin/getcallbackip")).rejects.toMatchObject(unavailable);
    await expect(unknown.getUtils().buildJsSdkConfig("https://shop.example")).rejects.toMatchObject(unavailable);
  });
});
