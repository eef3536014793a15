import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { createLog } from "@tokenkeeper/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { User } from "./user.ts";
import { createUsersSource, createUsersWatch } from "./users-watch.ts";

const HASH = `scrypt:15:8:3:${"A".repeat(22)}:${"B".repeat(42)}A`;
const user = (name: string): string => `{ name: ${name}, role: viewer, password: "${HASH}" }`;

describe("the watch over the file of users", () => {
  let folder: string;
  let path: string;
  let lines: string[];
  let inForce: readonly string[];
  let look: () => void;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tokenkeeper-users-"));
    path = join(folder, "users.yaml");
    write(`users: [${user("li")}]`);
    lines = [];
    inForce = ["li"];
    const destination = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk));
        done();
      },
    });
    const source = createUsersSource(path, { takenName: undefined, singleSignOn: false });
    const replace = (users: readonly User[]): void => void (inForce = users.map(({ name }) => name));
    const log = createLog({ name: "test", level: "info", pretty: false, destination });
    look = createUsersWatch({ source, seen: source.stamp(), users: { replace }, log });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** As people should do it: whole, and then into its place. */
  function write(text: string): void {
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  it("picks up a change", () => {
    write(`users: [${user("li")}, ${user("zhang")}]`);
    look();

    expect(inForce).toEqual(["li", "zhang"]);
    expect(lines.join("")).toContain("users.reloaded");
  });

  it("reads nothing that has not changed", () => {
    look();

    expect(lines).toEqual([]);
  });

  it("leaves the users as they are while the file is broken, says why once, and goes on when it is mended", () => {
    write(`users: [${user("li")}, { name: canary, role: boss }]`);
    look();
    look();

    expect(inForce).toEqual(["li"]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("users.rejected");
    expect(lines[0]).toContain("users[1].role");

    write(`users: [${user("zhang")}]`);
    look();
    expect(inForce).toEqual(["zhang"]);
  });

  it("leaves the users as they are while the file is gone", () => {
    rmSync(path);
    look();

    expect(inForce).toEqual(["li"]);
    expect(lines.join("")).toContain("a file that can be read");
  });
});
