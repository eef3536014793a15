import { describe, expect, it } from "vitest";
import { parentsOf, type Lookup } from "./parent.ts";

/** A line of descent, ourselves first; each entry is the command line of the next parent. */
function descent(...commands: readonly (readonly string[])[]): Lookup {
  return (pid) => {
    const args = pid === 100 ? ["node", "main.ts"] : commands[99 - pid];
    const last = 100 - pid >= commands.length;
    return args === undefined ? undefined : { parent: last ? 1 : pid - 1, args };
  };
}

const pnpmShell = ["sh", "-c", "node packages/launcher/src/main.ts"];
const pnpm = ["node", "/home/me/.npm/_npx/1/node_modules/.bin/pnpm", "start"];
const npxShell = ["sh", "-c", "pnpm start"];
const npx = ["npm exec pnpm start"];
const terminal = ["/bin/bash"];

describe("parentsOf", () => {
  it("goes up to npx when started by `npx -y pnpm start`", () => {
    expect(parentsOf(100, descent(pnpmShell, pnpm, npxShell, npx, terminal, ["sshd"]))).toEqual([99, 98, 97, 96]);
  });

  it("goes up to pnpm when started by `pnpm start`", () => {
    expect(parentsOf(100, descent(pnpmShell, pnpm, terminal, ["sshd"]))).toEqual([99, 98]);
  });

  it("is the parent alone when started directly", () => {
    expect(parentsOf(100, descent(terminal, ["sshd"], ["systemd"]))).toEqual([99]);
  });

  it("does not reach over a program that is neither runner nor shell", () => {
    expect(parentsOf(100, descent(pnpmShell, pnpm, ["code-editor"], npx))).toEqual([99, 98]);
  });

  it("is empty for a process without a parent or on a system that does not tell", () => {
    expect(parentsOf(100, descent())).toEqual([]);
    expect(parentsOf(100, () => undefined)).toEqual([]);
  });
});
