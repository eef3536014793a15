import { createHash, randomBytes } from "node:crypto";
import type { Bilingual } from "./errcodes.ts";

/** 32 random bytes in base64url: a key of the token HTTP API. */
export const API_KEY_PATTERN = /^[A-Za-z0-9_-]{43}$/;

/** A new key of the token HTTP API. */
export function newApiKey(): string {
  return randomBytes(32).toString("base64url");
}

/** What stands under `api.keys` in the configuration: `sha256:` and 64 hex digits. */
export function apiKeyHash(key: string): string {
  return `sha256:${createHash("sha256").update(key).digest("hex")}`;
}

const LABELS = {
  key: { en: "key, for the client; it is shown only now:", zh: "密钥，交给调用方；仅显示这一次：" },
  hash: {
    en: "hash, for the worker, under api.keys in tokenkeeper.yaml:",
    zh: "哈希，写入 worker 的 tokenkeeper.yaml 的 api.keys：",
  },
} as const;

/** A key with its hash, as both are shown to whoever made it. */
export function describeApiKey(key: string, language: keyof Bilingual = "en"): string {
  return `${LABELS.key[language]}
  ${key}
${LABELS.hash[language]}
  hash: ${apiKeyHash(key)}
`;
}
