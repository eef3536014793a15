import { isIP } from "node:net";
import { ERRCODES, WORD_CODES, type Bilingual, type ErrcodeRow, type FailureClass, type WordCode } from "./errcodes.ts";

/** Which call a code came from; the same code means different things on different calls. */
export type CallScope = "token" | "ticket";

/** Why a refresh did not bring a value. Holds nothing that a third party wrote except an IP and a request id of known form. */
export interface Failure {
  readonly class: FailureClass;
  /** WeChat's errcode, or a word of ours when there is none. */
  readonly code: number | WordCode;
  /** The address that WeChat saw, when it is about the whitelist. */
  readonly ip?: string;
  /** WeChat's request id; support asks for it. */
  readonly rid?: string;
  /** How long the other side wants us to wait, s. */
  readonly retryAfter?: number;
}

/** The row of the table for a code on a call; unknown codes count as transient, so that a new code of WeChat's stops nothing. */
export function errcodeRow(code: number | string, scope: CallScope): ErrcodeRow | undefined {
  const rows = [...ERRCODES, ...WORD_CODES].filter((row) => String(row.code) === String(code));
  return rows.find((row) => row.on === scope) ?? rows.find((row) => row.on === "any");
}

/** Classifies WeChat's refusal. @param errmsg WeChat's text, of which only the IP and the request id are kept */
export function failureOf(errcode: number, errmsg: string, scope: CallScope): Failure {
  const [, ip = ""] = /invalid ip ([0-9a-fA-F.:]{3,45})(?![0-9a-zA-Z.:])/.exec(errmsg) ?? [];
  const rid = /rid: ([0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8})(?![\w-])/.exec(errmsg)?.[1];
  return {
    class: errcodeRow(errcode, scope)?.class ?? "transient",
    code: errcode,
    ...(isIP(ip) !== 0 && { ip }),
    ...(rid !== undefined && { rid }),
  };
}

/** The code that was written as this text. */
export function failureCode(text: string): Failure["code"] {
  return WORD_CODES.find(({ code }) => code === text)?.code ?? Number(text);
}

/** A failure of ours that has no errcode. */
export function wordFailure(code: WordCode): Failure {
  const row = WORD_CODES.find((candidate) => candidate.code === code);
  return { class: row?.class ?? "transient", code };
}

/** One line for the job, the log and the page: code, meaning, IP, request id, and what to do, in both languages. */
export function describeFailure(failure: Failure, scope: CallScope): string {
  const { meaning, remedy } = explainCode(failure.code, scope, failure.ip);
  const facts = [String(failure.code), failure.ip && `ip ${failure.ip}`, failure.rid && `rid ${failure.rid}`];
  return [facts.filter(Boolean).join(" · "), `${meaning.zh}。${remedy.zh}`, `${meaning.en}. ${remedy.en}`].join(" | ");
}

/** What a code means and what to do, with the address that WeChat saw in its place. */
export function explainCode(
  code: number | string,
  scope: CallScope,
  ip?: string,
): { readonly meaning: Bilingual; readonly remedy: Bilingual } {
  const { meaning, remedy } = errcodeRow(code, scope) ?? UNLISTED;
  const place = ({ en, zh }: Bilingual): Bilingual => ({
    en: en.replaceAll("{ip}", ip ?? "?"),
    zh: zh.replaceAll("{ip}", ip ?? "?"),
  });
  return { meaning: place(meaning), remedy: place(remedy) };
}

const UNLISTED: Omit<ErrcodeRow, "code" | "on" | "class"> = {
  meaning: { en: "WeChat answered with a code that is not in our table", zh: "微信返回了未收录的错误码" },
  remedy: {
    en: "It is tried again by itself; look the code up in WeChat's documentation",
    zh: "系统会自动重试；请在微信文档中查询该错误码",
  },
};
