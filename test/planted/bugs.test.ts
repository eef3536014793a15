import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PLANTED_BUGS } from "./bugs.ts";

const ROOT = join(import.meta.dirname, "../..");

describe("the planted bugs", () => {
  it.each(PLANTED_BUGS)("fit the code as it stands: $name", async ({ edits, caughtBy }) => {
    for (const { file, find, replace } of edits) {
      const code = await readFile(join(ROOT, file), "utf8");

      expect(code.split(find)).toHaveLength(2);
      expect(code.replace(find, () => replace)).not.toBe(code);
    }
    for (const file of caughtBy) expect(await readFile(join(ROOT, file), "utf8")).toContain("describe(");
  });
});
