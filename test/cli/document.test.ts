import { EXIT } from "@tokenkeeper/core";
import { describe, expect, it } from "vitest";
import { CHECKS } from "../../packages/cli/src/doctor/checks/all-checks.ts";
import { TEXTS } from "../../packages/cli/src/texts.ts";
import { en } from "../../packages/dashboard/src/client/texts-en.ts";
import { zh } from "../../packages/dashboard/src/client/texts-zh.ts";
import { cli } from "../support/cli.ts";
import { codeIn, readDocument, tablesIn } from "../support/markdown.ts";

const HEADINGS = {
  en: { command: "Command", options: "Options", exit: "Exit code", check: "Check" },
  zh: { command: "命令", options: "选项", exit: "退出码", check: "检查" },
} as const;
/** What every command has. */
const COMMON = ["--lang", "--version", "--help"];

/** What `--help` prints. */
async function help(...args: string[]): Promise<string> {
  const { code, stdout } = await cli([...args, "--help"], { env: {} });
  expect(code).toBe(0);
  return stdout;
}

async function rows(heading: string, second?: string): Promise<string[][]> {
  const tables = tablesIn(await readDocument("docs/cli.md"));
  const [table] = tables.filter(([head]) => head?.[0] === heading && (second === undefined || head[1] === second));
  return table?.slice(1) ?? [];
}

describe.each(["en", "zh"] as const)("docs/cli.md in %s", (language) => {
  const headings = HEADINGS[language];

  it("has the commands of the help with their options and words, and no other", async () => {
    const documented = await rows(headings.command, headings.options);

    const shown = await help("--lang", language);
    const commands = [...shown.matchAll(/^ {2}tokenkeeper ([a-z-]+(?: [[<][^\n]*?[\]>])*)(?= {2,})/gm)];
    expect(documented.map(([command = ""]) => codeIn(command)[0])).toEqual(commands.map(([, command]) => command));
    for (const [command = "", options = "", words] of documented) {
      const [name = ""] = codeIn(command)[0]?.split(" ") ?? [];
      expect(words).toBe(Object.entries(TEXTS[language].commands).find(([each]) => each === name)?.[1]);
      const own = name === "completion" ? "" : await help(name, "--lang", language);
      const known = [...own.matchAll(/^ {2}(--[a-z]+)/gm)].map(([, option = ""]) => option);
      expect(codeIn(options).toSorted()).toEqual(known.filter((option) => !COMMON.includes(option)).toSorted());
    }
  });

  it("has every exit code, and so has the help", async () => {
    const documented = (await rows(headings.exit)).map(([code]) => Number(code));

    expect(documented.toSorted((one, other) => one - other)).toEqual(
      Object.values(EXIT).toSorted((one, other) => one - other),
    );
    for (const code of documented) expect(TEXTS[language].exitCodes).toMatch(new RegExp(`\\b${code}\\b`));
    const unwrapped = (await help("--lang", language)).replaceAll(/\s/g, "");
    expect(unwrapped).toContain(TEXTS[language].exitCodes.replaceAll(/\s/g, ""));
  });

  it("has every check of the doctor in its order", async () => {
    const documented = (await rows(headings.check)).flatMap(([name = ""]) => codeIn(name));

    expect(documented).toEqual(CHECKS.map(({ name }) => name));
  });
});

describe("the words of the command line", () => {
  it("are those of the page where both say the same", () => {
    const page = { en, zh };
    for (const language of ["en", "zh"] as const) {
      const both = Object.entries(TEXTS[language]).filter(
        ([name, text]) => typeof text === "string" && name !== "now" && Object.hasOwn(page[language], name),
      );

      expect(both.length).toBeGreaterThan(10);
      expect(Object.fromEntries(both)).toEqual(
        Object.fromEntries(
          both.map(([name]) => [name, Object.entries(page[language]).find(([key]) => key === name)?.[1]]),
        ),
      );
    }
  });
});
