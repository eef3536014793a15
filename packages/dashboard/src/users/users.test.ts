import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { hashPassword, SALT_BYTES } from "@tokenkeeper/ops";
import type { User } from "./user.ts";
import { createUsers } from "./users.ts";

const PASSWORD = "staple of the morning";
const hash = await hashPassword(PASSWORD, randomBytes(SALT_BYTES));
const operator: User = { name: "zhang", role: "operator", hash, entry: "zhang" };
const byProxy: User = { name: "li", role: "viewer", hash: undefined, entry: "li" };
const admin = { user: "keeper", password: "correct horse battery" };
const users = await createUsers({ admin, fromFile: [operator, byProxy], randomBytes });

describe("users", () => {
  it("are the admin of the environment and those of the file, each with the own password", async () => {
    const tried = [
      { user: "keeper", password: admin.password },
      { user: "zhang", password: PASSWORD },
      { user: "keeper", password: PASSWORD },
      { user: "zhang", password: admin.password },
      { user: "li", password: PASSWORD },
      { user: "nobody", password: PASSWORD },
      { user: "__proto__", password: PASSWORD },
    ];

    const found = await Promise.all(tried.map((typed) => users.verify(typed)));

    expect(found.map((user) => user && [user.name, user.role])).toEqual([
      ["keeper", "admin"],
      ["zhang", "operator"],
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("of the file are those alone whom a proxy may name", () => {
    expect(users.findInFile("zhang")).toBe(operator);
    expect(users.findInFile("keeper")).toBeUndefined();
    expect(users.find("keeper")?.role).toBe("admin");
  });

  it("keep the entry of the environment's admin over a restart, and change it with the password", async () => {
    const again = await createUsers({ admin, fromFile: [], randomBytes });
    const changed = await createUsers({ admin: { ...admin, password: "another one" }, fromFile: [], randomBytes });

    expect(again.find("keeper")?.entry).toBe(users.find("keeper")?.entry);
    expect(changed.find("keeper")?.entry).not.toBe(users.find("keeper")?.entry);
  });

  it(
    "that do not exist take as long as a wrong password, at their dearest and at their cheapest",
    { timeout: 180_000 },
    async () => {
      const dearest = { ...hash, cost: 17, parallelization: 2 };
      const times = async (known: User): Promise<{ wrong: number; unknown: number }> => {
        const tried = await createUsers({ admin: undefined, fromFile: [known], randomBytes });
        const wrong: number[] = [];
        const unknown: number[] = [];
        for (let round = 0; round < 5; round += 1) {
          wrong.push(await timeOf(() => tried.verify({ user: known.name, password: "wrong" })));
          unknown.push(await timeOf(() => tried.verify({ user: `nobody-${round}`, password: "wrong" })));
        }
        return { wrong: medianOf(wrong), unknown: medianOf(unknown) };
      };

      for (const known of [operator, { ...operator, hash: dearest }]) {
        const { wrong, unknown } = await times(known);
        expect(unknown / wrong).toBeGreaterThan(0.55);
        expect(unknown / wrong).toBeLessThan(1.8);
      }
    },
  );
});

async function timeOf(act: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await act();
  return performance.now() - begun;
}

function medianOf(times: readonly number[]): number {
  return times.toSorted((one, other) => one - other)[Math.floor(times.length / 2)] ?? 0;
}
