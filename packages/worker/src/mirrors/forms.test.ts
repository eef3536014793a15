// The keys and bytes that each SDK reads. They are a contract with software that is not ours: a change here needs a source that says so.
import { describe, expect, it } from "vitest";
import { MIRROR_SDKS, secretOf } from "@tokenkeeper/core";
import { CREDENTIAL_KINDS, type CredentialKind } from "@tokenkeeper/shared/contract";
import type { MirroredCredential, MirrorKey } from "./form.ts";
import { MIRROR_FORMS } from "./forms.ts";

const account = { id: "wx1234567890abcdef", secret: secretOf("0123456789abcdef0123456789abcdef") };
const VALUE = "80_Gr-7xV0kQwQ_token";

/** Issued at a round second, for 7200 s less 300 ms on the way. */
const mirrored = (kind: CredentialKind, value = VALUE): MirroredCredential => ({
  account,
  kind,
  record: { value, issuedAt: 1_700_000_000_000, expiresAt: 1_700_007_199_700 },
});

type Golden = [CredentialKind, MirrorKey[]];

// Source: binarywang/WxJava 4.7.2.B, WxMpRedisConfigImpl.java and WxMaRedisBetterConfigImpl.java: the templates
// "%s:access_token:%s" and "%s:ticket:key:%s:%s" of prefix, appid and TicketType's code; values bare, by StringRedisTemplate or Jedis.
describe("WxJava", () => {
  it.each<Golden>([
    ["access_token", [{ key: "wx:access_token:wx1234567890abcdef", value: VALUE }]],
    ["jsapi_ticket", [{ key: "wx:ticket:key:wx1234567890abcdef:jsapi", value: VALUE }]],
    ["wx_card_ticket", [{ key: "wx:ticket:key:wx1234567890abcdef:wx_card", value: VALUE }]],
  ])("keeps %s so", (kind, keys) => {
    expect(MIRROR_FORMS.wxjava(mirrored(kind), "wx")).toEqual(keys);
  });

  it("has the prefix of the app's configuration", () => {
    expect(MIRROR_FORMS.wxjava(mirrored("access_token"), "wx:mp:multi")).toEqual([
      { key: "wx:mp:multi:access_token:wx1234567890abcdef", value: VALUE },
    ]);
  });
});

// Source: silenceper/wechat v2.1.6 (commit 1797041), credential/default_access_token.go: "%s_access_token_%s" and
// "%s_stable_access_token_%s" of CacheKeyOfficialAccountPrefix "gowechat_officialaccount_" or CacheKeyMiniProgramPrefix
// "gowechat_miniprogram_" and the appid; credential/default_js_ticket.go: "%s_jsapi_ticket_%s"; cache/redis.go: SETEX of the bare text,
// since v2.1.3.
describe("silenceper/wechat", () => {
  it.each<Golden>([
    [
      "access_token",
      [
        { key: "gowechat_officialaccount__access_token_wx1234567890abcdef", value: VALUE },
        { key: "gowechat_officialaccount__stable_access_token_wx1234567890abcdef", value: VALUE },
      ],
    ],
    ["jsapi_ticket", [{ key: "gowechat_officialaccount__jsapi_ticket_wx1234567890abcdef", value: VALUE }]],
    ["wx_card_ticket", []],
  ])("keeps %s so", (kind, keys) => {
    expect(MIRROR_FORMS.silenceper(mirrored(kind), "gowechat_officialaccount_")).toEqual(keys);
  });

  it("keeps the token of a mini program so", () => {
    expect(MIRROR_FORMS.silenceper(mirrored("access_token"), "gowechat_miniprogram_")).toEqual([
      { key: "gowechat_miniprogram__access_token_wx1234567890abcdef", value: VALUE },
      { key: "gowechat_miniprogram__stable_access_token_wx1234567890abcdef", value: VALUE },
    ]);
  });
});

// Source: wechatpy/wechatpy 2.0.0.alpha26 (commit 5b8502e), wechatpy/session/redisstorage.py: "{prefix}:{key}", json.dumps;
// wechatpy/client/base.py: "{appid}_access_token" and its "_expires_at"; wechatpy/client/api/jsapi.py: "{appid}_jsapi_ticket",
// "{appid}_jsapi_card_ticket" and theirs, in epoch seconds.
describe("wechatpy", () => {
  it.each<Golden>([
    [
      "access_token",
      [
        { key: "wechatpy:wx1234567890abcdef_access_token", value: `"${VALUE}"` },
        { key: "wechatpy:wx1234567890abcdef_access_token_expires_at" },
      ],
    ],
    [
      "jsapi_ticket",
      [
        { key: "wechatpy:wx1234567890abcdef_jsapi_ticket", value: `"${VALUE}"` },
        { key: "wechatpy:wx1234567890abcdef_jsapi_ticket_expires_at", value: "1700007199" },
      ],
    ],
    [
      "wx_card_ticket",
      [
        { key: "wechatpy:wx1234567890abcdef_jsapi_card_ticket", value: `"${VALUE}"` },
        { key: "wechatpy:wx1234567890abcdef_jsapi_card_ticket_expires_at", value: "1700007199" },
      ],
    ],
  ])("keeps %s so", (kind, keys) => {
    expect(MIRROR_FORMS.wechatpy(mirrored(kind), "wechatpy")).toEqual(keys);
  });

  it("escapes what JSON escapes", () => {
    const [token] = MIRROR_FORMS.wechatpy(mirrored("access_token", 'a"b\\c/d'), "wechatpy");

    expect(token?.value).toBe('"a\\"b\\\\c/d"');
  });
});

// Source: ArtisanCloud/PowerWeChat v3.2.58, src/kernel/accessToken.go: "powerwechat.access_token." and the hex MD5 of appid and secret;
// src/kernel/response: access_token, expires_in, a number that is not left out; src/basicService/jssdk/client.go:
// "powerwechat.basic_service.jssdk.ticket.%s.%s" of type and appid, WeChat's reply; ArtisanCloud/PowerLibs v3.2.1, cache/redis.go:
// encoding/json, which sorts the keys of a map. The digests are of `md5sum`.
describe("PowerWeChat", () => {
  it.each<Golden>([
    [
      "access_token",
      [
        {
          key: "powerwechat.access_token.fbb62e58b9858fab1ce7f098ffd7055e",
          value: `{"access_token":"${VALUE}","expires_in":7200}`,
        },
      ],
    ],
    [
      "jsapi_ticket",
      [
        {
          key: "powerwechat.basic_service.jssdk.ticket.jsapi.wx1234567890abcdef",
          value: `{"errcode":0,"errmsg":"ok","expires_in":7200,"ticket":"${VALUE}"}`,
        },
      ],
    ],
    [
      "wx_card_ticket",
      [
        {
          key: "powerwechat.basic_service.jssdk.ticket.wx_card.wx1234567890abcdef",
          value: `{"errcode":0,"errmsg":"ok","expires_in":7200,"ticket":"${VALUE}"}`,
        },
      ],
    ],
  ])("keeps %s so", (kind, keys) => {
    expect(MIRROR_FORMS.powerwechat(mirrored(kind), "")).toEqual(keys);
  });

  it("digests the appid and the secret in this order, with nothing between", () => {
    const example = { id: "testappid", secret: secretOf("testsecret") };

    const [token] = MIRROR_FORMS.powerwechat({ ...mirrored("access_token"), account: example }, "");

    expect(token?.key).toBe("powerwechat.access_token.4ed6a2e3bfccdf98beb48489b94cf486");
  });
});

describe("all of them together", () => {
  it("write no key twice, with any of these prefixes", () => {
    const prefixes = ["wx", "wechatpy", "gowechat_officialaccount_", "a_", "a:", "null"];
    const keys = MIRROR_SDKS.flatMap((sdk) => {
      const own = sdk === "powerwechat" ? [""] : prefixes;
      return own.flatMap((prefix) =>
        CREDENTIAL_KINDS.flatMap((kind) => MIRROR_FORMS[sdk](mirrored(kind), prefix).map(({ key }) => key)),
      );
    });

    expect(keys.length).toBeGreaterThan(60);
    expect(new Set(keys).size).toBe(keys.length);
  });
});
