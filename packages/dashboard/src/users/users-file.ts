import { describeValue, parseYaml, problemsOf, type Problem } from "@tokenkeeper/core";
import { parseHash, ROLES } from "@tokenkeeper/ops";
import { z } from "zod";
import type { User } from "./user.ts";

// Every rule carries its own text, which reads as what was expected: zod's messages are not shown to anybody.

const VARIABLE = "DASHBOARD_USERS";
const NAME_PATTERN = /^[\p{L}\p{N}][\p{L}\p{N}._@-]{0,63}$/u;
const NAME = "a name of up to 64 letters, digits and . _ @ -";
const HASH = "a hash that `pnpm hash-password` made";

const user = z.strictObject(
  {
    name: z.string(NAME).regex(NAME_PATTERN, NAME),
    role: z.enum(ROLES, "viewer, operator or admin"),
    password: z
      .string(HASH)
      .refine((text) => parseHash(text) !== undefined, HASH)
      .optional(),
  },
  "a mapping with name, role and password",
);
const usersFile = z.strictObject(
  { users: z.array(user, "a list of users").min(1, "at least one user").max(1_000, "at most 1000 users") },
  "a mapping with users",
);

const USER_KEYS = Object.keys(user.shape);
const FILE_KEYS = Object.keys(usersFile.shape);

/** What the file is read with. */
export interface UsersFileContext {
  /** A name that the environment gives to somebody else. */
  readonly takenName: string | undefined;
  /** Whether users may come by single sign-on, and so without a password. */
  readonly singleSignOn: boolean;
}

/** The users of a file, or everything that is wrong in it. */
export function parseUsersFile(
  bytes: Uint8Array,
  { takenName, singleSignOn }: UsersFileContext,
): { users: User[] } | { problems: Problem[] } {
  const written = parseYaml(bytes, "users");
  if ("problem" in written) return { problems: [{ ...written.problem, path: VARIABLE }] };
  const parsed = usersFile.safeParse(written.value, { error: () => "another value" });
  const known = (path: readonly PropertyKey[]): readonly string[] => (path[0] === "users" ? USER_KEYS : FILE_KEYS);
  const mappings = mappingsIn(written.value);
  const problems = [
    ...problemsOf(parsed.error?.issues ?? [], written.value, known),
    ...(singleSignOn ? [] : missingPasswords(mappings)),
    ...duplicates(mappings, takenName),
  ];
  if (!parsed.success || problems.length > 0) {
    return { problems: problems.map((problem) => ({ ...problem, path: placeOf(problem.path) })) };
  }
  const users = parsed.data.users.map(({ name, role, password }): User => {
    const hash = password === undefined ? undefined : parseHash(password);
    return { name, role, hash, entry: JSON.stringify([name, role, password]) };
  });
  return { users };
}

function placeOf(path: string): string {
  return path === "the file" ? VARIABLE : `${VARIABLE} ${path}`;
}

interface UserMapping {
  readonly path: string;
  readonly mapping: Readonly<Record<string, unknown>>;
}

/** The users as written, whatever they hold, so that one that is wrong hides no fault of another. */
function mappingsIn(value: unknown): UserMapping[] {
  const list = typeof value === "object" && value !== null && "users" in value ? value.users : undefined;
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown, index) =>
    typeof item === "object" && item !== null && !Array.isArray(item)
      ? [{ path: `users[${index}]`, mapping: item as Readonly<Record<string, unknown>> }]
      : [],
  );
}

function missingPasswords(users: readonly UserMapping[]): Problem[] {
  return users
    .filter(({ mapping }) => mapping["password"] === undefined)
    .map(({ path }) => ({ path: `${path}.password`, expected: HASH, got: "nothing" }));
}

/** Names that differ in their case alone would be taken for each other by people. */
function duplicates(users: readonly UserMapping[], takenName: string | undefined): Problem[] {
  const owners = new Map(takenName === undefined ? [] : [[takenName.toLowerCase(), "DASHBOARD_USER"]]);
  return users.flatMap(({ path, mapping: { name } }): Problem[] => {
    if (typeof name !== "string" || name === "") return [];
    const owner = owners.get(name.toLowerCase());
    owners.set(name.toLowerCase(), owner ?? path);
    if (owner === undefined) return [];
    const got = `${describeValue("", name)}, as in ${owner}`;
    return [{ path: `${path}.name`, expected: "a name that nobody else has", got }];
  });
}
