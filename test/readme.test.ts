// Both READMEs and the documents beside them: what they say can be typed, opened and run.
import { execFile } from "node:child_process";
import { glob, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { loadWorkerConfig } from "@tokenkeeper/core";
import { knownKeysAt } from "../packages/core/src/accounts-schema.ts";
import { startWorld } from "./support/world.ts";

const ROOT = join(import.meta.dirname, "..");
const READMES = ["README.md", "README.zh-CN.md"];

const read = (file: string): Promise<string> => readFile(join(ROOT, file), "utf8");

function codeBlocks(markdown: string): { language: string; code: string }[] {
  return [...markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = "", code = ""]) => ({
    language,
    code,
  }));
}

/** The first cells that are a name in code style. */
function firstCells(markdown: string): string[] {
  return [...markdown.matchAll(/^\| (`[^`|]+`) +\|/gm)].map(([, cell = ""]) => cell);
}

async function onlyBlock(language: string, file = "README.md"): Promise<string> {
  const found = codeBlocks(await read(file)).filter((block) => block.language === language);
  expect(found).toHaveLength(1);
  return found[0]?.code ?? "";
}

describe.each(["", "packages/shared/"])("the two READMEs in ./%s", (folder) => {
  const readBoth = (): Promise<string[]> => Promise.all(READMES.map((name) => read(folder + name)));

  it("have the same code blocks in the same order", async () => {
    const [english, chinese] = await readBoth();

    expect(codeBlocks(english ?? "")).not.toEqual([]);
    expect(codeBlocks(chinese ?? "")).toEqual(codeBlocks(english ?? ""));
  });

  it("link to each other in the first line and have sections, tables and rows in the same order", async () => {
    const [english = "", chinese = ""] = await readBoth();
    const shape = (text: string): string[] => [...text.matchAll(/^(##? |\| ---|\|)/gm)].map(([mark]) => mark);

    expect(english.split("\n", 1)).toEqual(["[简体中文](README.zh-CN.md)"]);
    expect(chinese.split("\n", 1)).toEqual(["[English](README.md)"]);
    expect(shape(chinese)).toEqual(shape(english));
    expect(firstCells(chinese)).toEqual(firstCells(english));
  });
});

describe("the two READMEs", () => {
  it.each(READMES)("%s explains every key of an account and of the sections api and leader", async (file) => {
    const cells = firstCells(await read(file));

    expect(cells).toEqual(expect.arrayContaining(knownKeysAt(["accounts", 0]).map((key) => `\`${key}\``)));
    expect(cells).toEqual(expect.arrayContaining(knownKeysAt(["api"]).map((key) => `\`${key}\``)));
    expect(cells).toEqual(expect.arrayContaining(knownKeysAt(["leader"]).map((key) => `\`${key}\``)));
    for (const key of knownKeysAt(["api", "keys", 0])) expect(await read(file)).toContain(`\`${key}\``);
  });

  it("name only commands that there are", async () => {
    const { scripts } = JSON.parse(await read("package.json")) as { scripts: Record<string, string> };
    const commands = [...(await read("README.md")).matchAll(/^npx -y pnpm (\w+)/gm)].map(([, name = ""]) => name);

    expect(new Set(commands)).toEqual(new Set(["start", "test", "add", "worker", "dashboard", "cli", "check"]));
    expect(Object.keys({ ...scripts, add: "pnpm's own" })).toEqual(expect.arrayContaining(commands));
  });

  it("show a configuration that the worker accepts", async () => {
    const bytes = new TextEncoder().encode(await onlyBlock("yaml"));
    const env = { REDIS_URL: "redis://127.0.0.1:6379", SHOP_SECRET: "0123456789abcdef0123456789abcdef" };

    const { accounts } = loadWorkerConfig(env, () => ({ bytes, mode: 0o400 }));

    expect(accounts).toMatchObject([{ name: "shop", kinds: ["access_token", "jsapi_ticket", "wx_card_ticket"] }]);
  });

  it("show code that runs in an app", async () => {
    await using world = await startWorld({ accounts: [{ name: "shop", tickets: ["jsapi"] }] });
    await world.startRuntime();
    const code = (await onlyBlock("ts")).replaceAll("https://api.weixin.qq.com", world.simulator.url);
    const end = "console.log(JSON.stringify({ token, ticket, signature, reply })); await tokens.close();";

    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--input-type=module-typescript", "--eval", `${code}\n${end}`],
      { cwd: ROOT, env: { REDIS_URL: world.redis.url } },
    );

    expect(JSON.parse(stdout)).toEqual({
      token: await world.tokens.getAccessToken("shop"),
      ticket: await world.tokens.getTicket("shop", "jsapi"),
      signature: expect.objectContaining({ appId: world.appId("shop"), signature: expect.stringMatching(/^\w{40}$/) }),
      reply: { ip_list: expect.any(Array) },
    });
  });
});

describe("the README of the package", () => {
  it("shows the code of the first README, which runs, and the end of it", async () => {
    const shown = await onlyBlock("ts", "packages/shared/README.md");

    expect(shown.split("\nawait tokens.close();")[0]).toBe(await onlyBlock("ts"));
  });
});

describe("every document", () => {
  it("links only to what is there", async () => {
    const broken: string[] = [];
    for await (const file of glob(["*.md", "docs/**/*.md", "packages/*/README*.md"], { cwd: ROOT })) {
      for (const [, target = ""] of (await read(file)).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
        const there = await stat(join(ROOT, dirname(file), target)).catch(() => undefined);
        if (!there) broken.push(`${file}: ${target}`);
      }
    }

    expect(broken).toEqual([]);
  });

  it("is short when it is a decision, and says the same four things", async () => {
    for await (const file of glob("docs/decisions/*.md", { cwd: ROOT })) {
      const text = await read(file);

      expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(50);
      expect([...text.matchAll(/^## (.+)$/gm)].map(([, name]) => name)).toEqual([
        "Context",
        "Decision",
        "Must not",
        "Consequences",
      ]);
    }
  });
});
