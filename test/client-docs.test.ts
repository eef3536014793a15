// docs/client.md and its Chinese twin: what they list is what there is, and their code runs.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestTokens } from "@tokenkeeper/shared/testing";
import { blockOf, codeIn, readDocument, tablesIn } from "./support/markdown.ts";
import { startWorld, type World } from "./support/world.ts";

const PAGES = ["docs/client.md", "docs/client.zh-CN.md"];

/** The members of an interface, as the source has them. */
async function membersOf(file: string, name: string): Promise<string[]> {
  const source = await readDocument(`packages/shared/src/${file}`);
  const [, body = ""] = new RegExp(`^export interface ${name} {$([^]*?)^}`, "m").exec(source) ?? [];
  return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, member = ""]) => member);
}

/** The texts of a union, as the source has them. */
async function textsOf(file: string, name: string): Promise<string[]> {
  const source = await readDocument(`packages/shared/src/${file}`);
  const [, union = ""] = new RegExp(`^export type ${name} =([^;]*);`, "m").exec(source) ?? [];
  return [...union.matchAll(/"(\w+)"/g)].map(([, text = ""]) => text);
}

/** What the first tables of the pages are about, in their order. */
const TABLES = ["option", "method", "reason", "event", "hook"];

describe.each(PAGES)("%s", (page) => {
  it.each<[string, () => Promise<string[]>]>([
    ["option", () => membersOf("client.ts", "TokenClientOptions")],
    ["reason", () => textsOf("errors.ts", "UnavailableReason")],
    ["event", () => membersOf("events.ts", "TokenEvents")],
    ["hook", () => membersOf("metrics.ts", "TokenMetrics")],
    ["method", async () => Object.keys(createTestTokens().tokens)],
  ])("has a row for each %s, and for no other", async (what, known) => {
    const table = TABLES.indexOf(what);
    const rows = tablesIn(await readDocument(page)).filter((found) => found.length > 0)[table] ?? [];

    const documented = rows.slice(1).flatMap(([cell = ""]) => codeIn(cell));

    expect(documented.toSorted()).toEqual((await known()).toSorted());
  });
});

describe("the two pages", () => {
  it("have the same code blocks, and headings, tables and rows in the same order", async () => {
    const [english = "", chinese = ""] = await Promise.all(PAGES.map(readDocument));
    const blocks = (text: string): string[] => [...text.matchAll(/^```[^]*?^```$/gm)].map(([block]) => block);
    const shape = (text: string): string[] =>
      [...text.replaceAll(/^```[^]*?^```$/gm, "").matchAll(/^(##? |\|)/gm)].map(([mark]) => mark);

    expect(blocks(english)).toHaveLength(8);
    expect(blocks(chinese)).toEqual(blocks(english));
    expect(shape(chinese)).toEqual(shape(english));
  });
});

describe("the code of the pages", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ accounts: [{ name: "shop", tickets: ["jsapi"] }] });
    await world.startRuntime();
    await world.client({ waitMs: 30_000 }).getTicket("shop", "jsapi");
  });
  afterAll(() => world[Symbol.asyncDispose]());

  /** Runs a block and what a test appends to it. @returns what it printed as JSON */
  async function run(name: string, append: string): Promise<unknown> {
    const block = blockOf(await readDocument("docs/client.md"), `ts ${name}`);
    const code = block.replaceAll("https://api.weixin.qq.com", world.simulator.url).replaceAll("export class", "class");
    const local =
      name === "undici" || name === "fetch"
        ? code.replace('"shop")', `"shop", { origins: ["${world.simulator.url}"] })`)
        : code;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--input-type=module-typescript", "--eval", `${local}\n${append}\nprocess.exit();`],
      { cwd: join(import.meta.dirname), env: { REDIS_URL: world.redis.url } },
    );
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  }
  const REPLY = { ip_list: expect.any(Array) };
  const SIGNED = { timestamp: expect.any(Number), nonceStr: expect.any(String), signature: expect.any(String) };

  it("reads and calls", async () => {
    expect(await run("reading", "console.log(JSON.stringify({ token, reply }));")).toEqual({
      token: await world.tokens.getAccessToken("shop"),
      reply: REPLY,
    });
  });

  it("listens", async () => {
    expect(await run("events", "stop(); console.log(JSON.stringify(typeof stop));")).toBe("function");
  });

  it("counts for prom-client", async () => {
    const counted = await run(
      "prom",
      `await tokens.getAccessToken("shop");
       await tokens.getAccessToken("shop");
       await tokens.withToken("shop", () => ({ errcode: 40001 }), { retry: false });
       const { register } = await import("prom-client");
       console.log(JSON.stringify(await register.getMetricsAsJSON()));`,
    );

    const valuesOf = (name: string): unknown =>
      (counted as { name: string; values: unknown[] }[]).find((metric) => metric.name === name)?.values;
    const labels = { kind: "access_token", result: "ok" };
    expect(valuesOf("wxtok_client_get_total")).toEqual([
      { labels: { ...labels, source: "redis" }, value: 1 },
      { labels: { ...labels, source: "memory" }, value: 2 },
    ]);
    expect(valuesOf("wxtok_client_token_rejected_total")).toEqual([{ labels: { errcode: 40001 }, value: 1 }]);
    expect(valuesOf("wxtok_client_token_error_surfaced_total")).toEqual([{ labels: { errcode: 40001 }, value: 1 }]);
  });

  it("signs pages with express, only our own, and says when it cannot", async () => {
    const answers = await run(
      "express",
      `const server = app.listen(0, "127.0.0.1");
       await new Promise((resolve) => server.once("listening", resolve));
       const ask = async (url) => {
         const response = await fetch(\`http://127.0.0.1:\${server.address().port}/wechat/signature?url=\${encodeURIComponent(url)}\`);
         return [response.status, await response.json()];
       };
       console.log(JSON.stringify([await ask("https://shop.example/page?x=1"), await ask("https://evil.example/")]));`,
    );

    expect(answers).toEqual([
      [200, { appId: world.appId("shop"), ...SIGNED }],
      [400, { error: "not a page of ours" }],
    ]);
  });

  it("signs pages as a provider of NestJS", async () => {
    const signed = await run(
      "nest",
      `const provider = new WechatTokens();
       console.log(JSON.stringify(await provider.signPage("https://shop.example/")));
       await provider.onModuleDestroy();`,
    );

    expect(signed).toEqual({ appId: world.appId("shop"), ...SIGNED });
  });

  it.each(["undici", "fetch"])("calls WeChat through %s", async (name) => {
    expect(await run(name, "console.log(JSON.stringify(reply));")).toEqual(REPLY);
  });

  it("tests without Redis", async () => {
    expect(await run("testing", "console.log(JSON.stringify('passed'));")).toBe("passed");
  });
});
