import { describe, expect, it } from "vitest";
import { parseUsersFile, type UsersFileContext } from "./users-file.ts";

const HASH = `scrypt:15:8:3:${"A".repeat(22)}:${"B".repeat(42)}A`;
const CONTEXT: UsersFileContext = { takenName: "admin", singleSignOn: false };

function parse(text: string, context: Partial<UsersFileContext> = {}): ReturnType<typeof parseUsersFile> {
  return parseUsersFile(new TextEncoder().encode(text), { ...CONTEXT, ...context });
}

function problemsIn(text: string, context: Partial<UsersFileContext> = {}): string[] {
  const parsed = parse(text, context);
  return "problems" in parsed ? parsed.problems.map(({ path, expected, got }) => `${path}: ${expected}; ${got}`) : [];
}

describe("a file of users", () => {
  it("lists names, roles and hashes", () => {
    const parsed = parse(`
users:
  - { name: 张三, role: admin, password: "${HASH}" }
  - { name: li.si@example.com, role: viewer, password: "${HASH}" }
`);

    expect(parsed).toMatchObject({
      users: [
        { name: "张三", role: "admin", hash: { cost: 15, parallelization: 3 } },
        { name: "li.si@example.com", role: "viewer" },
      ],
    });
  });

  it("gives each user an entry that changes with name, role and password", () => {
    const entry = (line: string): string | undefined => {
      const parsed = parse(`users: [${line}]`);
      return "users" in parsed ? parsed.users[0]?.entry : undefined;
    };
    const other = HASH.replace("BBB", "CCC");
    const entries = [
      `{ name: zhang, role: viewer, password: "${HASH}" }`,
      `{ name: zhang, role: operator, password: "${HASH}" }`,
      `{ name: zhang, role: viewer, password: "${other}" }`,
      `{ name: li, role: viewer, password: "${HASH}" }`,
    ].map(entry);

    expect(entries).not.toContain(undefined);
    expect(new Set(entries).size).toBe(4);
  });

  it("may leave passwords out when there is single sign-on", () => {
    const text = "users: [{ name: zhang, role: viewer }]";

    expect(parse(text, { singleSignOn: true })).toMatchObject({ users: [{ name: "zhang", hash: undefined }] });
    expect(problemsIn(text)).toEqual([
      "DASHBOARD_USERS users[0].password: a hash that `pnpm hash-password` made; nothing",
    ]);
  });

  it.each([
    ["an empty file", "", "DASHBOARD_USERS: users; an empty file"],
    ["no mapping", "- zhang", "DASHBOARD_USERS: a mapping with users; a list"],
    ["no users", "users: []", "DASHBOARD_USERS users: at least one user; a list"],
    ["an unknown key", `user: []`, 'DASHBOARD_USERS user: one of users; the unknown key "user"; did you mean users?'],
    ["a fault", "users: [", "DASHBOARD_USERS: YAML without duplicate keys or tags; a fault in line 1, column 9"],
  ])("is refused with %s", (_what, text, problem) => {
    expect(problemsIn(text)).toEqual([problem]);
  });

  it("is refused with every problem at once, and shows no password", () => {
    const problems = problemsIn(`
users:
  - { name: zhang, role: root, password: canary-1 }
  - { name: "a b", rolle: viewer, password: 12345678 }
  - { name: Zhang, role: viewer, password: "${HASH}" }
  - { name: ADMIN, role: viewer, password: "${HASH}" }
  - nobody
`);

    expect(problems).toEqual([
      'DASHBOARD_USERS users[1].rolle: one of name, role, password; the unknown key "rolle"; did you mean role?',
      'DASHBOARD_USERS users[0].role: viewer, operator or admin; "root"',
      "DASHBOARD_USERS users[0].password: a hash that `pnpm hash-password` made; a value of 8 characters",
      'DASHBOARD_USERS users[1].name: a name of up to 64 letters, digits and . _ @ -; "a b"',
      "DASHBOARD_USERS users[1].password: a hash that `pnpm hash-password` made; a number",
      "DASHBOARD_USERS users[4]: a mapping with name, role and password; a text of 6 characters",
      'DASHBOARD_USERS users[2].name: a name that nobody else has; "Zhang", as in users[0]',
      'DASHBOARD_USERS users[3].name: a name that nobody else has; "ADMIN", as in DASHBOARD_USER',
    ]);
    expect(problems.join()).not.toContain("canary");
  });
});
