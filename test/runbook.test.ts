// docs/runbook.md and docs/drills.md: an entry for all that can go wrong and for nothing else, and nothing named that is not there.
import { existsSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { ALERT_RULES, ERRCODES, FAILURE_CLASSES, runbookEntryOf, SETTINGS, WORD_CODES } from "@tokenkeeper/core";
import { DRILLS } from "../drills/all-drills.ts";
import { orderOf } from "../drills/drill.ts";
import { audienceOf } from "../packages/dashboard/src/access.ts";
import { codeIn, readDocument, rowsUnder, tablesIn } from "./support/markdown.ts";

const ROOT = join(import.meta.dirname, "..");
const HAN = /\p{Script=Han}/u;
const LABELS = {
  zh: ["现象", "含义", "检查", "处理", "不处理"],
  en: ["Symptom", "Meaning", "Check", "Do", "By itself"],
};

/** One `###` of the runbook. */
interface Entry {
  readonly heading: string;
  /** The line below the heading. */
  readonly about: string;
  readonly text: string;
}

/** As GitHub makes an anchor of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_\- ]/gu, "")
    .replaceAll(" ", "-");
}

function headingsIn(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
}

/** Everything between backticks outside of fenced blocks. */
function namedIn(text: string): string[] {
  return codeIn(text.replaceAll(/^```[^]*?^```$/gm, ""));
}

/** The sources of the packages, tests left out. */
async function sources(): Promise<string> {
  const texts: string[] = [];
  for await (const file of glob("packages/*/src/**/*.ts", { cwd: ROOT })) {
    if (!file.endsWith(".test.ts")) texts.push(await readFile(join(ROOT, file), "utf8"));
  }
  return texts.join("\n");
}

let runbook: string;
let drills: string;
let code: string;
beforeAll(async () => {
  [runbook, drills, code] = await Promise.all([
    readDocument("docs/runbook.md"),
    readDocument("docs/drills.md"),
    sources(),
  ]);
});

describe("docs/runbook.md", () => {
  const entries = (): Entry[] =>
    runbook
      .split(/^### /m)
      .slice(1)
      .map((block) => {
        const text = block.split(/^## /m)[0] ?? "";
        const [heading = "", , about = ""] = text.split("\n");
        return { heading, about, text };
      });
  const headed = (word: string): Entry[] => entries().filter(({ heading }) => heading.startsWith(`${word} `));
  const codesOf = ({ heading }: Entry): string[] => heading.slice("Code ".length).split(", ");

  it("has an entry for each alert under its name, with its severity and scope, and for no other", () => {
    const alerts = runbook.split(/^## /m).find((section) => section.startsWith("告警 · Alerts")) ?? "";
    const names = [...alerts.matchAll(/^### (.+)$/gm)].map(([, name]) => name);

    expect(names).toEqual(ALERT_RULES.map(({ name }) => name));
    for (const { name, severity, scope } of ALERT_RULES) {
      expect(entries().find(({ heading }) => heading === name)?.about).toBe(`\`${severity}\` · ${scope}`);
      expect(runbookEntryOf(name)).toBe(`docs/runbook.md#${anchorOf(name)}`);
    }
  });

  it("has an entry for each failure class, and for no other", () => {
    expect(headed("Class").map(({ heading }) => heading)).toEqual(FAILURE_CLASSES.map((name) => `Class ${name}`));
  });

  it("has an entry for each code of the table, with its class, and for no other", () => {
    const rows = [...ERRCODES, ...WORD_CODES];
    const known = rows.map((row) => `${row.code} ${row.class}`);

    const documented = headed("Code").flatMap((entry) => {
      const [failureClass] = codeIn(entry.about);
      return codesOf(entry).map((each) => `${each} ${failureClass}`);
    });

    expect(documented.toSorted()).toEqual(known.toSorted());
  });

  it("says in each entry, in Chinese and then in English, what is seen, what it means, what to look at, what to do, and what comes by itself", () => {
    expect(entries().length).toBeGreaterThan(40);
    for (const { heading, text } of entries()) {
      const lines = [...text.matchAll(/^[*-] \*\*(.+?)\*\* (.+)$/gm)].map(([, label = "", line = ""]) => ({
        label,
        line,
      }));

      expect({ heading, labels: lines.map(({ label }) => label) }).toEqual({
        heading,
        labels: [...LABELS.zh, ...LABELS.en],
      });
      for (const { line } of lines.slice(0, 5)) expect(line).toMatch(/\p{Script=Han}|pnpm/u);
      for (const { line } of lines.slice(5)) expect(line).toMatch(/[a-z]{2}/);
    }
  });

  it("leads from what is seen to each entry, in both languages and with a first step", () => {
    const rows = rowsUnder(runbook, "看到什么 · What you see");
    const linked = rows.flatMap(([, link = ""]) => [...link.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target));
    const own = linked.filter((target) => target?.startsWith("#"));

    expect(own).toEqual(entries().map(({ heading }) => `#${anchorOf(heading)}`));
    for (const [seen = "", , first = ""] of rows) {
      const [chinese, english] = seen.split("<br>");
      expect(chinese).toMatch(/\p{Script=Han}|_/u);
      expect(english).toMatch(/[a-z]{2}/);
      expect(first).not.toBe("");
    }
  });
});

describe.each(["docs/runbook.md", "docs/drills.md"])("%s", (file) => {
  const text = (): string => (file.includes("runbook") ? runbook : drills);

  it("links only to headings that there are", async () => {
    for (const [, page = "", anchor = ""] of text().matchAll(/\]\(([\w.-]*)#([^)]+)\)/g)) {
      const target = page === "" ? text() : await readDocument(`docs/${page}`);
      expect(headingsIn(target).map(anchorOf)).toContain(anchor);
    }
  });

  it("names only commands, pages, settings and log lines that there are", async () => {
    const names = namedIn(text());
    const { scripts } = JSON.parse(await readDocument("package.json")) as { scripts: Record<string, string> };
    const commands = names.flatMap((name) => /^(?:npx -y )?pnpm ([\w-]+)/.exec(name)?.[1] ?? []);
    const pages = names.filter((name) => name.startsWith("/"));
    const settings = names.filter((name) => /^[A-Z]+_[A-Z_]+$/.test(name));
    const logged = names.filter((name) => /^(?:refresh|commit|config|users|audit|credential)\.[a-z_]+$/.test(name));

    for (const name of commands) expect(["cli", ...Object.keys(scripts)]).toContain(name);
    for (const page of pages) {
      const path = page.replaceAll(/<account>/g, "wx1234567890abcdef");
      expect({ page, audience: audienceOf("GET", path) }).toEqual({ page, audience: expect.any(String) });
    }
    for (const name of settings) expect(["NEW_REDIS_URL", ...Object.keys(SETTINGS)]).toContain(name);
    for (const name of logged) expect(code).toMatch(new RegExp(`["\`]${name.replace(".", "\\.")}["\`]`));
    expect(commands.length * pages.length).toBeGreaterThan(0);
  });

  it.skipIf(!existsSync(join(ROOT, "packages/cli")))(
    "names only commands and options that the command line has",
    async () => {
      const used = namedIn(text()).flatMap((name) => {
        const [, command = "", rest = ""] = /^pnpm cli ([a-z-]+)(.*)$/.exec(name) ?? [];
        return command === "" ? [] : [{ command, options: [...rest.matchAll(/--([a-z]+)/g)].map(([, o = ""]) => o) }];
      });

      expect(used.length).toBeGreaterThan(0);
      for (const { command, options } of used) {
        const source = await readDocument(`packages/cli/src/commands/${command}.ts`);
        for (const option of options) expect(source).toContain(`option("${option}"`);
      }
    },
  );

  it.skipIf(!existsSync(join(ROOT, "deploy/prometheus/alerts.yml")))("names only metrics that there are", async () => {
    const client = await readDocument("docs/client.md");

    for (const metric of text().match(/wxtok_\w+/g) ?? []) expect(code + client).toContain(metric);
  });
});

describe("docs/drills.md", () => {
  it("has every drill under its name, with the steps and checks that the script carries out", () => {
    const sections = drills
      .split(/^## /m)
      .slice(1)
      .map((section) => section.split(/^### /m)[0] ?? "");

    expect(sections.map((section) => section.split("\n")[0])).toEqual(DRILLS.map(({ name }) => name));
    for (const [index, { title, steps }] of DRILLS.entries()) {
      const section = sections[index] ?? "";
      const known = steps.map((step) => [orderOf(step), step.check].map(({ zh, en }) => `${zh}<br>${en}`));
      expect(section).toContain(`**${title.zh} · ${title.en}**`);
      expect(tablesIn(section).flatMap((table) => table.slice(1))).toEqual(known);
    }
  });

  it("says everything in both languages", () => {
    for (const { title, steps } of DRILLS) {
      for (const { zh, en } of [title, ...steps.flatMap(({ what, check }) => [what, check])]) {
        expect(zh).toMatch(HAN);
        expect(en).toMatch(/^[\w(`“][^。，]+$/);
      }
    }
  });

  it("lists the variables that the script reads", async () => {
    const script = await readDocument("drills/running-system.ts");

    for (const name of rowsUnder(drills, "变量 · Variable").flatMap(([cell = ""]) => codeIn(cell)))
      expect(script).toContain(`"${name}"`);
  });
});
