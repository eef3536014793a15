import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parseHash, verifyPassword } from "@tokenkeeper/ops";
import { readDocument } from "../support/markdown.ts";

const MAIN = fileURLToPath(new URL("../../packages/dashboard/src/hash-password/main.ts", import.meta.url));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function hashPassword(input: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
    child.stdin?.on("error", () => undefined).end(input);
  });
}

describe("pnpm hash-password", () => {
  it("is a command of the package", async () => {
    const { scripts } = JSON.parse(await readDocument("package.json")) as { scripts: Record<string, string> };

    expect(scripts["hash-password"]).toBe("node packages/dashboard/src/hash-password/main.ts");
  });

  it("prints a new hash of the same password each time, and nothing else", async () => {
    const [one, other] = await Promise.all([hashPassword("correct horse\n"), hashPassword("correct horse\n")]);

    for (const { code, stdout, stderr } of [one, other]) {
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const hash = parseHash(stdout.trimEnd());
      expect(hash && (await verifyPassword("correct horse", hash))).toBe(true);
    }
    expect(one.stdout).not.toBe(other.stdout);
  });

  it("takes no password from the command line, and repeats none", async () => {
    const { code, stdout, stderr } = await hashPassword("", "canary-password");

    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^The password is never taken from the command line/);
    expect(stderr).not.toContain("canary");
  });

  it("says why it hashed nothing", async () => {
    expect(await hashPassword("short\n")).toEqual({
      code: 1,
      stdout: "",
      stderr: "A password has 8 to 1024 characters. Nothing was hashed. 密码须为 8 至 1024 个字符，未求哈希。\n",
    });
  });
});
