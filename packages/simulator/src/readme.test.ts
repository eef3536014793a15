import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSimulator } from "./index.ts";
import type { Simulator } from "./index.ts";

const CURL = /curl (?:-s )?(?:-X (?<method>\w+) )?['"]?(?<url>http:[^\s'"]+)['"]?(?: -d '(?<body>[^']*)')?/;

describe("the README's curl lines", () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await createSimulator();
  });
  afterAll(() => simulator.close());

  it("work as pasted, in order", async () => {
    const readme = await readFile(join(import.meta.dirname, "../README.md"), "utf8");
    const lines = readme.split("\n").filter((line) => /^(TOKEN=\$\()?curl /.test(line));
    expect(lines.length).toBeGreaterThan(15);
    let token = "";
    const answers: string[] = [];
    for (const line of lines) {
      const { method = "GET", url = "", body } = CURL.exec(line)?.groups ?? {};
      const target = url.replace("http://127.0.0.1:3012", simulator.url).replace("$TOKEN", token);
      const response = await fetch(target, { method, ...(body !== undefined && { body }) });
      const text = await response.text();
      if (line.startsWith("TOKEN=")) token = String((JSON.parse(text) as Record<string, unknown>)["access_token"]);
      expect(`${response.status} ${line}`).toBe(`200 ${line}`);
      answers.push(text);
    }
    const errcodes = answers.map((text) => /"errcode":(-?[1-9]\d*),"errmsg"/.exec(text)?.[1]).filter(Boolean);
    expect(errcodes).toEqual(["40001"]);
  });
});
