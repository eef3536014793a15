import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { formatHash, hashPassword, parseHash, SALT_BYTES, verifyPassword } from "./password-hash.ts";

const salt = randomBytes(SALT_BYTES);
const hash = await hashPassword("correct horse battery", salt);
const [, , , , saltText = "", keyText = ""] = formatHash(hash).split(":");

describe("a password's hash", () => {
  it("comes back from its text", () => {
    expect(formatHash(hash)).toMatch(/^scrypt:15:8:3:[\w-]{22}:[\w-]{43}$/);
    expect(parseHash(formatHash(hash))).toEqual(hash);
  });

  it("is of its own password only", async () => {
    const wrong = [
      "correct horse batterx",
      "",
      "correct horse battery ",
      "correct horse battery\0",
      "Correct horse battery",
    ];

    expect(await verifyPassword("correct horse battery", hash)).toBe(true);
    expect(await Promise.all(wrong.map((password) => verifyPassword(password, hash)))).toEqual(wrong.map(() => false));
  });

  it("knows a password in either form of Unicode", async () => {
    const composed = await hashPassword("schlüssel", salt);

    expect(await verifyPassword("schlu\u0308ssel", composed)).toBe(true);
  });

  it.each([
    ["as strong with N = 2^14", `scrypt:14:8:5:${saltText}:${keyText}`],
    ["as strong with N = 2^17", `scrypt:17:8:1:${saltText}:${keyText}`],
  ])("may be %s", (_what, text) => {
    expect(parseHash(text)).toBeDefined();
  });

  it.each([
    ["a password", "correct horse battery"],
    ["another scheme", "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA"],
    ["weaker", `scrypt:14:8:4:${saltText}:${keyText}`],
    ["of a smaller N", `scrypt:13:8:10:${saltText}:${keyText}`],
    ["of another r", `scrypt:15:1:3:${saltText}:${keyText}`],
    ["too dear", `scrypt:17:8:3:${saltText}:${keyText}`],
    ["of a huge N", `scrypt:30:8:1:${saltText}:${keyText}`],
    ["of a short salt", `scrypt:15:8:3:${saltText.slice(1)}:${keyText}`],
    ["of a short key", `scrypt:15:8:3:${saltText}:${keyText.slice(1)}`],
    ["with something behind it", `${formatHash(hash)}\n`],
  ])("is none when it is %s", (_what, text) => {
    expect(parseHash(text)).toBeUndefined();
  });
});
