import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import type { ReadStream } from "node:tty";
import type { Bilingual } from "@tokenkeeper/core";

/** Fewest characters of a password. */
const SHORTEST = 8;
/** Most characters that are read. */
const LONGEST = 1_024;

/** Where a password comes from, and where the questions go. */
export interface PasswordInput {
  readonly input: Pick<ReadStream, "isTTY"> & NodeJS.ReadableStream;
  readonly questions: NodeJS.WritableStream;
}

/** The person pressed Ctrl-C or Ctrl-D at a question. */
export interface Interrupted {
  readonly interrupted: true;
}

/** What was read, or the sentence that says why it is refused. */
export type ReadPassword = { readonly password: string } | { readonly refusal: Bilingual } | Interrupted;

const REFUSALS = {
  differ: { en: "The two are not the same. Nothing was hashed.", zh: "两次输入不一致，未求哈希。" },
  lines: { en: "The password has more than one line. Nothing was hashed.", zh: "密码不能超过一行，未求哈希。" },
  length: {
    en: `A password has ${SHORTEST} to ${LONGEST} characters. Nothing was hashed.`,
    zh: `密码须为 ${SHORTEST} 至 ${LONGEST} 个字符，未求哈希。`,
  },
} as const;

/** Reads a password: twice and without showing it at a terminal, else all of what is piped in, less the line's end. */
export async function readPassword({ input, questions }: PasswordInput): Promise<ReadPassword> {
  if (!input.isTTY) return checked(await readAll(input));
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: silence, terminal: true });
  const ask = async (question: string): Promise<string> => {
    const answer = lines.question("");
    questions.write(question);
    const typed = await answer;
    questions.write("\n");
    return typed;
  };
  try {
    const password = await ask("Password 密码: ");
    const repeated = await ask("Again 再次输入: ");
    return password === repeated ? checked(password) : { refusal: REFUSALS.differ };
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "AbortError") throw error;
    questions.write("\n");
    return { interrupted: true };
  } finally {
    lines.close();
  }
}

async function readAll(input: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of input) {
    text += String(chunk);
    if (text.length > LONGEST) break;
  }
  return text.replace(/\r?\n$/, "");
}

function checked(password: string): ReadPassword {
  if (/[\r\n]/.test(password)) return { refusal: REFUSALS.lines };
  if (password.length < SHORTEST || password.length > LONGEST) return { refusal: REFUSALS.length };
  return { password };
}
