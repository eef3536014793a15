import type { Bilingual } from "@tokenkeeper/core";
import type { Message } from "../message.ts";

/** A message in the form of its receiver. */
export interface OutgoingRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** With what a message is sent. */
export interface Target {
  readonly url: string;
  /** With which it is signed. */
  readonly secret?: string | undefined;
  /** Epoch ms: signatures are valid for an hour around it. */
  readonly now: number;
}

/** What an answer means. */
export type Verdict =
  | { readonly type: "accepted" }
  | {
      /** `retry`: it may work later. `refused`: it will not before somebody mends something. */
      readonly type: "retry" | "refused";
      /** The receiver's code, or a word of ours. */
      readonly code: string;
      readonly reason: Bilingual;
      /** Not sooner than after this, ms. */
      readonly afterMs?: number;
    };

/** How messages look for one type of receivers. */
export interface Format {
  request(message: Message, target: Target): OutgoingRequest;
  /** The verdict of a receiver that answered with a status of 200 to 299. A robot says in the body what went wrong. */
  judge(body: string): Verdict;
}

/** A code of a robot and what it means. */
export interface RobotCode {
  readonly code: number;
  readonly type: "retry" | "refused";
  readonly reason: Bilingual;
  readonly afterMs?: number;
}

/** The verdict for a code; one that is not known may pass by itself. */
export function judgeCode(code: unknown, codes: readonly RobotCode[]): Verdict {
  if (code === 0) return { type: "accepted" };
  if (typeof code !== "number" || !Number.isSafeInteger(code)) {
    return {
      type: "retry",
      code: "malformed",
      reason: { en: "The receiver's answer made no sense", zh: "接收方的回复异常" },
    };
  }
  const known = codes.find((row) => row.code === code);
  const { type, reason, afterMs } = known ?? {
    type: "retry" as const,
    reason: {
      en: "The robot refused it; look the code up in its documentation",
      zh: "机器人拒绝了消息，请在其文档中查询该错误码",
    },
    afterMs: undefined,
  };
  return { type, code: String(code), reason, ...(afterMs !== undefined && { afterMs }) };
}

/** A field of an answer of whatever form. */
export function fieldOf(body: string, name: string): unknown {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    return undefined;
  }
  return typeof answer === "object" && answer !== null
    ? Object.getOwnPropertyDescriptor(answer, name)?.value
    : undefined;
}

const LOOKALIKES: Readonly<Record<string, string>> = {
  "<": "＜",
  ">": "＞",
  "[": "［",
  "]": "］",
  "*": "＊",
  "`": "｀",
  "~": "～",
  "@": "＠",
  "\\": "＼",
};

/**
 * A text that is shown as it is where markup is understood. The robots know no escape that works in all clients, so what could be
 * markup or a mention becomes the full-width character that looks like it; nothing breaks the line or the reading direction.
 */
export function plain(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, " ").replaceAll(/[<>[\]*`~@\\]/g, (mark) => LOOKALIKES[mark] ?? "");
}

/** Cut to so many bytes of UTF-8, at the end of a line. */
export function cutLines(lines: readonly string[], most: number, separator: string): string {
  const kept: string[] = [];
  let size = 0;
  for (const line of lines) {
    size += Buffer.byteLength(line) + Buffer.byteLength(separator);
    if (size > most) break;
    kept.push(line);
  }
  return kept.join(separator);
}

/** Headers of JSON. */
export const JSON_HEADERS = { "content-type": "application/json; charset=utf-8" } as const;
