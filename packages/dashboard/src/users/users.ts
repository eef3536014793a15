import { createHmac } from "node:crypto";
import { hashPassword, SALT_BYTES, verifyPassword, type HashCost, type PasswordHash } from "@tokenkeeper/ops";
import type { Credentials, User } from "./user.ts";

/** Everybody who may use the dashboard, now. */
export interface Users {
  find(name: string): User | undefined;
  /** Finds only those of the file: a proxy names nobody of the environment. */
  findInFile(name: string): User | undefined;
  /** The user with this name and password; takes the same time whatever is wrong. */
  verify(typed: Credentials): Promise<User | undefined>;
  /** From now on these are the users of the file. */
  replace(fromFile: readonly User[]): void;
}

/** What users are made of. */
export interface UsersDeps {
  /** The admin whom the environment names. */
  readonly admin: Credentials | undefined;
  readonly fromFile: readonly User[];
  readonly randomBytes: (size: number) => Buffer;
}

/** The admin of the environment and the users of the file. */
export async function createUsers({ admin, fromFile, randomBytes }: UsersDeps): Promise<Users> {
  const fixed = admin === undefined ? undefined : await userOf(admin, randomBytes(SALT_BYTES));
  // Nobody knows its password.
  const decoy = await hashPassword(randomBytes(SALT_BYTES).toString("hex"), randomBytes(SALT_BYTES));
  const choice = randomBytes(SALT_BYTES);
  let filed = new Map(fromFile.map((user) => [user.name, user]));

  const find = (name: string): User | undefined => (name === fixed?.name ? fixed : filed.get(name));

  /** Hashes may differ in their cost: a name that nobody has costs what one of the users does, always the same one. */
  function decoyFor(name: string): PasswordHash {
    const hashes = [fixed, ...filed.values()].flatMap((user) => user?.hash ?? []);
    const drawn = createHmac("sha256", choice).update(name).digest().readUInt32BE();
    return { ...decoy, ...costOf(hashes[drawn % Math.max(1, hashes.length)] ?? decoy) };
  }

  return {
    find,
    findInFile: (name) => filed.get(name),
    async verify({ user: name, password }) {
      const user = find(name);
      const right = await verifyPassword(password, user?.hash ?? decoyFor(name));
      return right && user?.hash !== undefined ? user : undefined;
    },
    replace(users) {
      filed = new Map(users.map((user) => [user.name, user]));
    },
  };
}

async function userOf({ user: name, password }: Credentials, salt: Buffer): Promise<User> {
  // Not from the hash, whose salt is new at every start: sessions outlive a restart.
  const entry = JSON.stringify([name, "admin", password]);
  return { name, role: "admin", hash: await hashPassword(password, salt), entry };
}

function costOf({ cost, blockSize, parallelization }: PasswordHash): HashCost {
  return { cost, blockSize, parallelization };
}
