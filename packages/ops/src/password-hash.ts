import { createHash, scrypt, timingSafeEqual } from "node:crypto";

/** A password's scrypt hash with what it was made with. */
export interface PasswordHash {
  /** Binary logarithm of scrypt's N. */
  readonly cost: number;
  /** Scrypt's r and p. */
  readonly blockSize: number;
  readonly parallelization: number;
  readonly salt: Buffer;
  readonly key: Buffer;
}

/** What a hash costs to make. */
export type HashCost = Pick<PasswordHash, "cost" | "blockSize" | "parallelization">;

// As strong as OWASP's advice (Password Storage Cheat Sheet) and 32 MiB for each sign-in: N = 2^17 would take 128 MiB.
const COST: HashCost = { cost: 15, blockSize: 8, parallelization: 3 };
const KEY_BYTES = 32;
/** Bytes of a salt. */
export const SALT_BYTES = 16;
const FORM = /^scrypt:(\d{2}):(\d{1,2}):(\d{1,2}):([A-Za-z0-9_-]{22}):([A-Za-z0-9_-]{43})$/;
/** N × p of the weakest hash that is accepted, and of the dearest. */
const WEAKEST = 5 * 2 ** 14;
const DEAREST = 2 ** 18;

/**
 * Hashes a password.
 * @param salt `SALT_BYTES` random bytes
 */
export async function hashPassword(password: string, salt: Buffer): Promise<PasswordHash> {
  return { ...COST, salt, key: await derive(password, { ...COST, salt }) };
}

/** Whether it is the password of this hash; takes the same time either way. */
export async function verifyPassword(password: string, hash: PasswordHash): Promise<boolean> {
  return timingSafeEqual(await derive(password, hash), hash.key);
}

/** `scrypt:<log2 N>:<r>:<p>:<salt>:<key>`, salt and key in base64url. */
export function formatHash({ cost, blockSize, parallelization, salt, key }: PasswordHash): string {
  return ["scrypt", cost, blockSize, parallelization, salt.toString("base64url"), key.toString("base64url")].join(":");
}

/** @returns `undefined` when the text is no hash of ours, or one that is too weak, or that would take too much memory. */
export function parseHash(text: string): PasswordHash | undefined {
  const [, cost, blockSize, parallelization, salt = "", key = ""] = FORM.exec(text) ?? [];
  const hash = {
    cost: Number(cost),
    blockSize: Number(blockSize),
    parallelization: Number(parallelization),
    salt: Buffer.from(salt, "base64url"),
    key: Buffer.from(key, "base64url"),
  };
  const work = 2 ** hash.cost * hash.parallelization;
  const sane = hash.blockSize === COST.blockSize && hash.cost >= 14 && hash.cost <= 17;
  return sane && work >= WEAKEST && work <= DEAREST ? hash : undefined;
}

function derive(
  password: string,
  { cost, blockSize, parallelization, salt }: Omit<PasswordHash, "key">,
): Promise<Buffer> {
  const N = 2 ** cost;
  // OpenSSL wants a little more than the 128 × N × r bytes that scrypt works in.
  const options = { N, r: blockSize, p: parallelization, maxmem: 2 * 128 * N * blockSize };
  // The same password, typed on two keyboards, may come in two forms of Unicode. And a digest of a fixed length, because
  // scrypt takes a text and the same text with NULs behind it for one.
  const digest = createHash("sha256").update(password.normalize("NFC")).digest();
  return new Promise((resolve, reject) => {
    scrypt(digest, salt, KEY_BYTES, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
