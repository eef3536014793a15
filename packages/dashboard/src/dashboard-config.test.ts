import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "@tokenkeeper/core";
import { afterAll, describe, expect, it } from "vitest";
import { loadDashboardConfig } from "./dashboard-config.ts";

const REDIS_URL = "redis://127.0.0.1:6379";
const HASH = `scrypt:15:8:3:${"A".repeat(22)}:${"B".repeat(42)}A`;
const folder = mkdtempSync(join(tmpdir(), "tokenkeeper-config-"));

function fileOf(name: string, content: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, content, { mode });
  return path;
}

function problemsOf(env: Record<string, string>): string[] {
  try {
    loadDashboardConfig(env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ path, expected, got }) => `${path}: ${expected}; ${got}`);
  }
}

describe("the dashboard's configuration", () => {
  afterAll(() => rmSync(folder, { recursive: true }));

  it("is one admin of the environment, as ever", () => {
    const config = loadDashboardConfig({ REDIS_URL, DASHBOARD_PASSWORD: "correct horse" });

    expect(config).toMatchObject({ credentials: { user: "admin", password: "correct horse" }, users: undefined });
    expect(config.proxies?.trusts("127.0.0.1")).toBe(false);
  });

  it("is a file of users, with or without that admin", () => {
    const DASHBOARD_USERS = fileOf("users.yaml", `users: [{ name: li, role: admin, password: "${HASH}" }]`);

    const alone = loadDashboardConfig({ REDIS_URL, DASHBOARD_USERS });
    const both = loadDashboardConfig({ REDIS_URL, DASHBOARD_USERS, DASHBOARD_PASSWORD: "correct horse" });

    expect(alone.credentials).toBeUndefined();
    expect(alone.users?.load()).toMatchObject({ users: [{ name: "li" }], warnings: [] });
    expect(both.credentials?.user).toBe("admin");
  });

  it("warns of a file that others may read", () => {
    const path = fileOf("open.yaml", `users: [{ name: li, role: admin, password: "${HASH}" }]`, 0o644);

    const { users } = loadDashboardConfig({ REDIS_URL, DASHBOARD_USERS: path });

    expect(users?.load().warnings).toEqual(["others may read the file of users; set its mode to 0400"]);
  });

  it("is refused with every problem at once", () => {
    const path = fileOf("broken.yaml", "users: [{ name: li, role: boss, password: canary }]");

    const problems = problemsOf({
      DASHBOARD_USERS: path,
      DASHBOARD_PORT: "none",
      DASHBOARD_TRUSTED_HEADER: "Cookie",
      DASHBOARD_TRUSTED_PROXIES: "everywhere",
    });

    expect(problems).toEqual([
      'DASHBOARD_PORT: a port from 1 to 65535; "none"',
      'DASHBOARD_TRUSTED_HEADER: the name of a header, such as X-Forwarded-User; "Cookie"',
      "DASHBOARD_TRUSTED_PROXIES: IP addresses and networks such as 10.0.0.5 or 192.0.2.0/24, and never everybody; another text as entry 1 of 1",
      'DASHBOARD_USERS users[0].role: viewer, operator or admin; "boss"',
      "DASHBOARD_USERS users[0].password: a hash that `pnpm hash-password` made; a value of 6 characters",
      "REDIS_URL: a URL that begins with redis:// or rediss://; nothing",
    ]);
  });

  it.each<[string, Record<string, string>, string]>([
    [
      "neither a password nor a file",
      {},
      "DASHBOARD_PASSWORD: a password of at least 8 characters (or DASHBOARD_USERS, a file of users); nothing",
    ],
    [
      "a file that is not there",
      { DASHBOARD_USERS: "/nowhere/users.yaml" },
      'DASHBOARD_USERS: a file that can be read; "/nowhere/users.yaml"',
    ],
    ["a folder", { DASHBOARD_USERS: tmpdir() }, `DASHBOARD_USERS: a file that can be read; "${tmpdir()}"`],
    [
      "a well-known password",
      { DASHBOARD_PASSWORD: "Passw0rd" },
      "DASHBOARD_PASSWORD: a password that is not a well-known one; a value of 8 characters",
    ],
    [
      "the name as password",
      { DASHBOARD_USER: "dashboard-admin", DASHBOARD_PASSWORD: "dashboard-admin" },
      "DASHBOARD_PASSWORD: another text than DASHBOARD_USER; the same",
    ],
    [
      "a header without users",
      {
        DASHBOARD_PASSWORD: "correct horse",
        DASHBOARD_TRUSTED_HEADER: "Remote-User",
        DASHBOARD_TRUSTED_PROXIES: "::1",
      },
      "DASHBOARD_USERS: the file of users that DASHBOARD_TRUSTED_HEADER may name; nothing",
    ],
  ])("is refused with %s", (_what, env, problem) => {
    expect(problemsOf({ REDIS_URL, ...env })).toEqual([problem]);
  });

  it("is refused when the file names the environment's admin once more", () => {
    const path = fileOf("same.yaml", `users: [{ name: Admin, role: viewer, password: "${HASH}" }]`);

    expect(problemsOf({ REDIS_URL, DASHBOARD_USERS: path })).toEqual([]);
    expect(problemsOf({ REDIS_URL, DASHBOARD_USERS: path, DASHBOARD_PASSWORD: "correct horse" })).toEqual([
      'DASHBOARD_USERS users[0].name: a name that nobody else has; "Admin", as in DASHBOARD_USER',
    ]);
  });
});
