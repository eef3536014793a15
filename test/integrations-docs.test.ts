// What the pages for other languages say is true of the code, and what of them can run here runs.
import { execFile } from "node:child_process";
import { glob } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { fingerprint } from "@tokenkeeper/shared";
import * as contract from "@tokenkeeper/shared/contract";
import { Redis } from "ioredis";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { knownKeysAt } from "../packages/core/src/accounts-schema.ts";
import { credentialAnswer, reportBody } from "../packages/worker/src/api/answers.ts";
import { OPENAPI } from "../packages/worker/src/api/openapi.ts";
import { blockOf, codeIn, readDocument, rowsUnder, tablesIn } from "./support/markdown.ts";
import { startWorld, type World } from "./support/world.ts";

const ROOT = join(import.meta.dirname, "..");
const HAN = /\p{Script=Han}/u;
const ENTRY = "docs/integrations.md";
const NODE = ["co-wechat-api", "wechat-api", "node-easywechat", "wechat-jssdk", "nest-wechat"];
const SDKS = ["wxjava", "easywechat", "wechatpy", "silenceper", "powerwechat", "senparc"];
const PAGES = [...SDKS, "no-sdk"].map((name) => `docs/sdk/${name}.md`);
const APP_ID = "wx1234567890abcdef";

let world: World | undefined;
afterEach(async () => {
  await world?.[Symbol.asyncDispose]();
  world = undefined;
});

describe("docs/integrations.md", () => {
  it("leads to every page from its first table, in an order that begins with Node", async () => {
    const rows = rowsUnder(await readDocument(ENTRY), "你在用 · You use");
    const linked = rows.flatMap(([cell = ""]) =>
      [...cell.matchAll(/\]\(sdk\/([\w-]+)\.md\)/g)].map(([, name]) => name),
    );

    const pages: string[] = [];
    for await (const file of glob("docs/sdk/*.md", { cwd: ROOT })) pages.push(basename(file, ".md"));
    expect(linked).toEqual([...NODE, ...SDKS, "no-sdk"]);
    expect(new Set(linked)).toEqual(new Set(pages));
  });

  it("is what both READMEs lead to", async () => {
    for (const file of ["README.md", "README.zh-CN.md"]) expect(await readDocument(file)).toContain(`](${ENTRY})`);
  });
});

describe.each([ENTRY, ...PAGES])("%s", (file) => {
  it("says everything in both languages", async () => {
    const prose = withoutCode(await readDocument(file)).replaceAll(/\]\([^)]*\)/g, "]");
    const cells = prose.split("\n").filter((line) => line.startsWith("|") || line.startsWith("- "));
    const pairs = cells.flatMap((line) => line.split(" | ")).filter((cell) => cell.includes("<br>"));
    const paragraphs = prose.split(/\n{2,}/).filter((text) => /^[^|#-]/.test(text.trim()));

    expect(pairs.length).toBeGreaterThan(0);
    for (const pair of pairs) {
      const [chinese, english, ...others] = pair.split("<br>");
      expect(chinese).toMatch(HAN);
      expect(english).toMatch(/[a-z]{2}/);
      expect(english).not.toMatch(HAN);
      expect(others).toEqual([]);
    }
    expect(paragraphs.map((text) => HAN.test(text))).toEqual(paragraphs.map((_, index) => index % 2 === 0));
  });

  it("names keys of Redis, paths, fields and settings that exist", async () => {
    const text = await readDocument(file);

    const keys = [contract.ACCOUNTS_KEY, contract.REPORTS_KEY, contract.ROTATED_CHANNEL, "wx:tok", "wx:mp"];
    expect(keys).toEqual(expect.arrayContaining([...text.matchAll(/(?<![\w.])wx:[a-z]+/g)].map(([key]) => key)));
    const recordKeys = text.match(/wx:tok:/g) ?? [];
    const rightOnes = text.match(/wx:tok:\{\W*(wx1234567890abcdef|account)\W*\}\W*(access_token|kind)/g) ?? [];
    expect(recordKeys).toHaveLength(rightOnes.length);
    expect(contract.recordKey({ account: APP_ID, kind: "access_token" })).toBe(`wx:tok:{${APP_ID}}:access_token`);

    for (const [path = ""] of text.matchAll(/(?<!\.)\/v1\/[a-z]+/g)) expect(path).toBe("/v1/accounts");
    expect(Object.keys(OPENAPI.paths)).toEqual(
      expect.arrayContaining([
        "/v1/accounts/{account}/credentials/{kind}",
        "/v1/accounts/{account}/credentials/{kind}/report",
      ]),
    );
    const fields = Object.keys(credentialAnswer.shape).map((name) => name.toLowerCase());
    for (const [name] of text.matchAll(/\b\w+ForSeconds|\bexpiresInSeconds/gi))
      expect(fields).toContain(name.toLowerCase());
    expect(Object.keys(reportBody.shape)).toEqual(["fingerprint"]);

    const settings = [...knownKeysAt(["accounts", 0]), ...knownKeysAt(["api", "keys", 0]), "sdk"];
    const named = codeIn(withoutCode(text)).map((code) => /^(?:\{ )?([a-z]\w*): \S/.exec(code)?.[1]);
    expect(settings).toEqual(expect.arrayContaining(named.filter((name) => name !== undefined)));
  });
});

describe.each(PAGES)("the code of %s", (file) => {
  it("has no secret in it, nor another way to one than the documented variables", async () => {
    const code = codeBlocks(await readDocument(file)).join("\n");
    const variables = code.match(/\b(TOKENKEEPER|REDIS|WECHAT|WX)_[A-Z_]+\b/g) ?? [];

    expect(code).not.toMatch(/\b[0-9a-f]{32}\b/);
    expect(["TOKENKEEPER_URL", "TOKENKEEPER_KEY", "REDIS_URL", "WECHAT_API"]).toEqual(
      expect.arrayContaining(variables),
    );
    expect(variables).not.toEqual([]);
  });

  it("was checked against sources of named versions", async () => {
    const rows = rowsUnder(await readDocument(file), "源码 · Source");

    expect(rows.length).toBeGreaterThan(1);
    for (const [source = "", version] of rows) {
      expect(codeIn(source).join()).toMatch(/\.(java|php|py|go|cs)\b/);
      expect(version).toMatch(/\d/);
    }
  });
});

describe("docs/sdk/wxjava.md", () => {
  it("has the margin of docs/http-api.md", async () => {
    const margins = tablesIn(await readDocument("docs/http-api.md")).filter(([header]) => header?.[1] === "Takes off");
    const [, , margin] = margins[0]?.find(([sdk]) => sdk === "WxJava") ?? [];

    const named = (await readDocument("docs/sdk/wxjava.md")).match(/`sdkMargin: \w+`/g);

    expect(named).toHaveLength(2);
    expect(new Set(named)).toEqual(new Set([`\`sdkMargin: ${codeIn(margin ?? "").join()}\``]));
  });
});

describe("what can run here of the pages", () => {
  it("is the curl script: it reads, is refused, reports, and gets through with the next token", async () => {
    world = await startWorld({
      accounts: [{ name: "shop", token: "classic" }],
      keys: [{ name: "app", mayReport: true }],
    });
    await world.startRuntime();
    const refused = await world.tokens.getAccessToken("shop");
    for (let time = 0; time < 2; time += 1)
      world.simulator.control.foreignFetch(world.appId("shop"), { family: "classic" });
    const script = blockOf(await readDocument("docs/sdk/no-sdk.md"), "sh").replaceAll(APP_ID, world.appId("shop"));
    const env = {
      PATH: process.env["PATH"] ?? "",
      TOKENKEEPER_URL: world.apiUrl,
      TOKENKEEPER_KEY: world.key("app"),
      WECHAT_API: world.simulator.url,
    };

    const { stdout, stderr } = await promisify(execFile)("sh", ["-euc", script], { env });

    expect(stderr).toBe("");
    const [report, answer] = stdout.split(/(?<=\})(?=\{)/);
    expect(JSON.parse(report ?? "")).toEqual({ status: "accepted" });
    expect(JSON.parse(answer ?? "")).toEqual({ ip_list: expect.any(Array) });
    expect(await world.tokens.getAccessToken("shop")).not.toBe(refused);
  });

  it("is the list of Redis commands, with the rights of an app that reads and reports and no others", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }], scale: 1 });
    await world.startRuntime();
    const token = await world.tokens.getAccessToken("shop");
    const rights = await readDocument("docs/key-contract.md");
    const lines = ["reader", "reporter"].flatMap((user) => blockOf(rights, `acl ${user}`).split(" "));
    await world.redis.redis.call("ACL", "SETUSER", "app", "on", ">app-password", ...lines);
    const { hostname, port } = new URL(world.redis.url);
    const app = new Redis({
      host: hostname,
      port: Number(port),
      username: "app",
      password: "app-password",
      protocol: 2,
      enableReadyCheck: false,
    });
    onTestFinished(() => app.disconnect());

    const commands = blockOf(await readDocument("docs/sdk/no-sdk.md"), "redis")
      .replaceAll(APP_ID, world.appId("shop"))
      .replace("0123456789abcdef", fingerprint("another token"))
      .split("\n")
      .map((line) => line.split(" "));
    const answers: unknown[] = [];
    for (const [name = "", ...rest] of commands) answers.push(await app.call(name, ...rest));

    expect(answers).toEqual([
      token,
      expect.any(Number),
      expect.stringMatching(/^\d+-\d+$/),
      expect.stringMatching(/^\d+-\d+$/),
    ]);
    expect(answers[1]).toBeGreaterThan(7_000_000);
    await expect(app.call("KEYS", "*")).rejects.toThrow("NOPERM");
  });

  it("are the addresses that SDKs are given in place of WeChat's", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }], keys: [{ name: "app" }] });
    await world.startRuntime();
    const token = await world.tokens.getAccessToken("shop");
    const { apiUrl } = world;
    const page = await readDocument("docs/sdk/wxjava.md");
    const [, classic = ""] = /"(\/cgi-bin\/\S+)"/.exec(page) ?? [];
    const byHand = [classic.replace("%s", world.appId("shop")).replace("%s", world.key("app"))];
    const body = { grant_type: "client_credential", appid: world.appId("shop"), secret: world.key("app") };
    const php = `/cgi-bin/token?${new URLSearchParams(body).toString()}`;

    for (const path of [...byHand, php]) {
      const response = await fetch(`${apiUrl}${path}`);
      expect(await response.json()).toEqual({ access_token: token, expires_in: expect.any(Number) });
    }
    const stable = await fetch(`${apiUrl}/cgi-bin/stable_token`, { method: "POST", body: JSON.stringify(body) });
    expect(await stable.json()).toMatchObject({ access_token: token });
    for (const path of ["/cgi-bin/token", "/cgi-bin/stable_token"]) expect(page).toContain(path);
  });
});

/** The text without its fenced blocks. */
function withoutCode(text: string): string {
  return text.replaceAll(/^```[^]*?^```$/gm, "");
}

/** The content of all fenced blocks. */
function codeBlocks(text: string): string[] {
  return [...text.matchAll(/^```\w+\n([^]*?)^```$/gm)].map(([, code = ""]) => code);
}
