// What the pages say beside their code, and that the other tests of this folder can fail.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { glob, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { createSimulator } from "@tokenkeeper/simulator";
import { codeIn, readDocument, rowsUnder } from "../support/markdown.ts";
import { adapterOf, createProject, isFetch } from "../support/sdk.ts";
import { leadWeChatTo } from "../support/wechat-host.ts";

const require = createRequire(import.meta.url);
const ROOT = join(import.meta.dirname, "../..");
const HAN = /\p{Script=Han}/u;
const SDKS = ["co-wechat-api", "wechat-api", "node-easywechat", "wechat-jssdk", "nest-wechat"];

describe.each(SDKS)("docs/sdk/%s.md", (sdk) => {
  it("names the versions that the tests run with", async () => {
    const rows = rowsUnder(await readDocument(`docs/sdk/${sdk}.md`), "包 · Package");
    const documented = rows.map(([name = "", version = ""]) => [codeIn(name)[0] ?? "", version]);

    expect(documented[0]?.[0]).toBe(sdk);
    for (const [name = "", version] of documented) expect(await installedVersion(name)).toBe(version);
  });

  it("says everything in both languages", async () => {
    const page = await readDocument(`docs/sdk/${sdk}.md`);
    const cells = rowsUnder(page, "SDK 中 · In the SDK").flatMap(([_name, ...said]) => said);
    const limits = [...page.matchAll(/^- (.+)$/gm)].map(([, text = ""]) => text);

    expect([cells.length, limits.length]).not.toContain(0);
    for (const text of [...cells, ...limits].filter((cell) => cell.includes("<br>"))) {
      const [chinese, english] = text.split("<br>");
      expect(chinese).toMatch(HAN);
      expect(english).toMatch(/\w.{5}/);
    }
  });

  it("has no secret in its code and no way to one", async () => {
    const { code } = await adapterOf(sdk);

    expect(code).toContain('"kept by Tokenkeeper"');
    expect(code).not.toMatch(/[0-9a-f]{32}/);
    expect([...code.matchAll(/process\.env\.(\w+)/g)].map(([, name]) => name)).toEqual(["REDIS_URL"]);
  });
});

describe("docs/sdk", () => {
  it("has a test for every adapter for Node", async () => {
    expect(await namesOf("test/sdk/!(pages).test.ts", ".test.ts")).toEqual(SDKS.toSorted());
  });

  it.each(["node-easywechat", "nest-wechat"])(
    "has TypeScript for %s that compiles under strict settings",
    async (sdk) => {
      const folder = await mkdtemp(join(tmpdir(), "tokenkeeper-sdk-"));
      const file = await createProject(folder, await adapterOf(sdk));
      const compilerOptions = {
        target: "es2024",
        module: "nodenext",
        strict: true,
        skipLibCheck: true,
        noEmit: true,
        types: ["node"],
        typeRoots: [join(ROOT, "node_modules/@types")],
        // Of our own package, which the workspace has as TypeScript.
        allowImportingTsExtensions: true,
        lib: ["es2024", "esnext.disposable"],
      };
      await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [basename(file)] }));

      const compiling = promisify(execFile)(join(ROOT, "node_modules/.bin/tsc"), ["-p", folder]);

      await expect(compiling).resolves.toMatchObject({ stdout: "" });
      await rm(folder, { recursive: true });
    },
  );
});

describe("the tests of the adapters", () => {
  it("see the fetch of an SDK that has none", async () => {
    const simulator = await createSimulator({ accounts: [{ appId: "wx1234567890abcdef", secret: "s" }] });
    using wechat = leadWeChatTo(simulator.url);

    const WechatAPI = require("co-wechat-api") as new (...given: string[]) => { getIp(): Promise<object> };

    await new WechatAPI("wx1234567890abcdef", "s").getIp();

    expect(wechat.calls.map((call) => [call.pathname, isFetch(call)])).toEqual([
      ["/cgi-bin/token", true],
      ["/cgi-bin/getcallbackip", false],
    ]);
    await simulator.close();
  });
});

async function namesOf(pattern: string, ending: string): Promise<string[]> {
  const names: string[] = [];
  for await (const file of glob(pattern, { cwd: ROOT })) names.push(basename(file, ending));
  return names.toSorted();
}

/** Of a package of the tests, or of one that only node-easywechat requires. */
async function installedVersion(name: string): Promise<string> {
  const from = name === "node-socialite" ? createRequire(require.resolve("node-easywechat")) : require;
  const folder = from.resolve.paths(name)?.find((path) => existsSync(join(path, name))) ?? "";
  const manifest = JSON.parse(await readFile(join(folder, name, "package.json"), "utf8")) as { version: string };
  return manifest.version;
}
