import { PassThrough, Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { readPassword, type PasswordInput, type ReadPassword } from "./read-password.ts";

const piped = (text: string): Promise<ReadPassword> =>
  readPassword({
    input: Object.assign(Readable.from([text]), { isTTY: false }) as PasswordInput["input"],
    questions: new PassThrough(),
  });

/** Words end with the return key; what is no word is a key by itself. */
function keysOf(line: string): string {
  return /^\w/.test(line) ? `${line}\r` : line;
}

/** A terminal at which somebody types; what was asked, and how the terminal was set. */
async function typed(...lines: readonly string[]): Promise<{ read: ReadPassword; shown: string; raw: boolean[] }> {
  const raw: boolean[] = [];
  const input = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (mode: boolean) => raw.push(mode),
  }) as unknown as PasswordInput["input"] & PassThrough;
  const questions = new PassThrough();
  let shown = "";
  let asked = 0;
  questions.on("data", (chunk: Buffer) => {
    shown += chunk.toString();
    if (shown.split(": ").length - 1 > asked) input.write(keysOf(lines[asked++] ?? ""));
  });
  return { read: await readPassword({ input, questions }), shown, raw };
}

describe("readPassword", () => {
  it("takes a pipe's text without the line's end", async () => {
    expect(await piped("correct horse\n")).toEqual({ password: "correct horse" });
    expect(await piped("correct horse\r\n")).toEqual({ password: "correct horse" });
    expect(await piped(" with spaces ")).toEqual({ password: " with spaces " });
  });

  it.each([
    ["nothing", "", "A password has 8 to 1024 characters. Nothing was hashed."],
    ["a short one", "seven77\n", "A password has 8 to 1024 characters. Nothing was hashed."],
    ["a long one", "x".repeat(1_025), "A password has 8 to 1024 characters. Nothing was hashed."],
    ["two lines", "correct\nhorse\n", "The password has more than one line. Nothing was hashed."],
  ])("refuses %s", async (_what, text, refusal) => {
    expect(await piped(text)).toEqual({ refusal: { en: refusal, zh: expect.stringMatching(/，未求哈希。$/) } });
  });

  it("asks twice at a terminal, which does not show what is typed", async () => {
    const { read, shown, raw } = await typed("correct horse", "correct horse");

    expect(read).toEqual({ password: "correct horse" });
    expect(shown).toBe("Password 密码: \nAgain 再次输入: \n");
    expect(raw[0]).toBe(true);
    expect(raw.at(-1)).toBe(false);
  });

  it.each([
    ["Ctrl-C", "\u0003"],
    ["Ctrl-D", "\u0004"],
  ])("ends quietly at %s, with the terminal as it was", async (_key, typedKey) => {
    for (const lines of [[typedKey], ["correct horse", typedKey]]) {
      const { read, shown, raw } = await typed(...lines);

      expect(read).toEqual({ interrupted: true });
      expect(shown).toMatch(/: \n$/);
      expect(raw.at(-1)).toBe(false);
    }
  });

  it("refuses two that differ", async () => {
    const { read } = await typed("correct horse", "correct horst");

    expect(read).toMatchObject({ refusal: { en: "The two are not the same. Nothing was hashed." } });
  });
});
