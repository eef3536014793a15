import { describe, expect, it } from "vitest";
import { findMirrors } from "./account-mirrors.ts";

const find = (mirror: unknown, type = "official-account"): ReturnType<typeof findMirrors> =>
  findMirrors({ type, mirror }, { path: "accounts[0]", follows: false });

describe("the mirrors of an account", () => {
  it("are none when nothing is written", () => {
    expect(findMirrors({ type: "official-account" }, { path: "accounts[0]", follows: false })).toEqual({
      mirrors: [],
      problems: [],
    });
  });

  it("are named, and have the prefix that the SDK has by itself", () => {
    const { mirrors } = find(["wxjava", "silenceper", "wechatpy", "powerwechat"]);

    expect(mirrors).toEqual([
      { sdk: "wxjava", prefix: "wx" },
      { sdk: "silenceper", prefix: "gowechat_officialaccount_" },
      { sdk: "wechatpy", prefix: "wechatpy" },
      { sdk: "powerwechat", prefix: "" },
    ]);
  });

  it("have the prefixes for mini programs when the account is one", () => {
    expect(find(["wxjava", "silenceper"], "mini-program").mirrors).toEqual([
      { sdk: "wxjava", prefix: "wa" },
      { sdk: "silenceper", prefix: "gowechat_miniprogram_" },
    ]);
  });

  it("may be of one SDK under several prefixes", () => {
    expect(find(["wxjava", { sdk: "wxjava", prefix: "wx:mp:multi" }])).toEqual({
      mirrors: [
        { sdk: "wxjava", prefix: "wx" },
        { sdk: "wxjava", prefix: "wx:mp:multi" },
      ],
      problems: [],
    });
  });

  const SDK = "one of wxjava, silenceper, wechatpy, powerwechat";
  const LIST = "a list of SDKs: wxjava, silenceper, wechatpy, powerwechat";
  const ENTRY = "the name of an SDK, or a mapping with sdk and prefix";
  const PREFIX = "1 to 64 letters, digits and . _ : -";
  const OTHER = "a mirror that writes other keys than the others of the account";

  const cases: [string, unknown, ...[path: string, expected: string, got: string]][] = [
    ["no list", "wxjava", "accounts[0].mirror", LIST, '"wxjava"'],
    ["nothing after the colon", null, "accounts[0].mirror", LIST, "null"],
    ["a name that is nearly one", ["WxJva"], "accounts[0].mirror[0]", SDK, '"WxJva"; did you mean wxjava?'],
    ["a name that is none", ["easywechat"], "accounts[0].mirror[0]", SDK, '"easywechat"'],
    [
      "a name that is nearly one in a mapping",
      [{ sdk: "wechatpi" }],
      "accounts[0].mirror[0].sdk",
      SDK,
      '"wechatpi"; did you mean wechatpy?',
    ],
    ["a secret in place of a name", ["c0ffee00".repeat(4)], "accounts[0].mirror[0]", SDK, "a text of 32 characters"],
    ["a mapping without its SDK", [{ prefix: "wx" }], "accounts[0].mirror[0].sdk", SDK, "nothing"],
    ["neither a name nor a mapping", [["wxjava"]], "accounts[0].mirror[0]", ENTRY, "a list"],
    ["a number", [7], "accounts[0].mirror[0]", ENTRY, "7"],
    [
      "an unknown key",
      [{ sdk: "wxjava", prefx: "wx" }],
      "accounts[0].mirror[0].prefx",
      "one of sdk, prefix",
      'the unknown key "prefx"; did you mean prefix?',
    ],
    ["an empty prefix", [{ sdk: "wxjava", prefix: "" }], "accounts[0].mirror[0].prefix", PREFIX, '""'],
    ["braces in a prefix", [{ sdk: "wxjava", prefix: "{wx}" }], "accounts[0].mirror[0].prefix", PREFIX, '"{wx}"'],
    ["a line break in a prefix", [{ sdk: "wxjava", prefix: "a\n" }], "accounts[0].mirror[0].prefix", PREFIX, '"a\\n"'],
    [
      "a prefix where the SDK has none",
      [{ sdk: "powerwechat", prefix: "x" }],
      "accounts[0].mirror[0].prefix",
      "no prefix: PowerWeChat has none to set",
      '"x"',
    ],
    [
      "the same twice",
      ["wxjava", "wxjava"],
      "accounts[0].mirror[1]",
      OTHER,
      "wxjava with the keys of accounts[0].mirror[0]",
    ],
    [
      "the same by its default",
      ["wechatpy", "wxjava", { sdk: "wxjava", prefix: "wx" }],
      "accounts[0].mirror[2]",
      OTHER,
      "wxjava with the keys of accounts[0].mirror[1]",
    ],
  ];

  it.each(cases)("with %s give one problem with its place", (_case, mirror, ...[path, expected, got]) => {
    expect(find(mirror).problems).toEqual([{ path, expected, got }]);
  });

  it("report all their problems at once", () => {
    expect(find(["wxjva", "wechatpy", { sdk: "x", prefix: 5 }]).problems.map(({ path }) => path)).toEqual([
      "accounts[0].mirror[0]",
      "accounts[0].mirror[2].sdk",
      "accounts[0].mirror[2].prefix",
    ]);
  });
});
