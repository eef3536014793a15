import { createHash } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const TICKET_LENGTH = 86;
const TOKEN_SHAPE = /^(\d{1,9})_[A-Za-z0-9_-]{20,}$/;

/** Returns the first 16 hex digits of the SHA-256 of a value: what logs and answers may show of it. */
export function fingerprint(value: string): string {
  return createHash("sha256").update(value).digest("hex").slice(0, 16);
}

/** Returns a new access token; like a real one it begins with a number and `_`, here the account's serial. */
export function randomToken(options: { serial: number; length: number; random: () => number }): string {
  const head = `${options.serial}_`;
  return head + randomText(options.length - head.length, options.random);
}

/** Returns a new ticket, as long as the one in WeChat's published signature example. */
export function randomTicket(random: () => number): string {
  return randomText(TICKET_LENGTH, random);
}

/** Returns the serial that a token begins with, or undefined for a text that cannot be a token (40014). */
export function serialOf(token: string): number | undefined {
  const digits = TOKEN_SHAPE.exec(token)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function randomText(length: number, random: () => number): string {
  let text = "";
  while (text.length < length) text += ALPHABET[Math.floor(random() * ALPHABET.length)];
  return text;
}
