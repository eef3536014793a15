import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { readEnvironment } from "./environment.ts";

const main = join(import.meta.dirname, "main.ts");

interface Started {
  child: ChildProcess;
  stdout: Readable;
}

function start(env: Record<string, string>, ipc = false): Started {
  const child = spawn(process.execPath, [main], {
    env,
    stdio: ["ignore", "pipe", "inherit", ...(ipc ? (["ipc"] as const) : [])],
  });
  if (child.stdout === null) throw new Error("the child has no stdout");
  return { child, stdout: child.stdout };
}

describe("the simulator process", () => {
  it.each<["SIGTERM" | "SIGINT" | "disconnect"]>([["SIGTERM"], ["SIGINT"], ["disconnect"]])(
    "prints where it listens, serves, and ends with 0 on %s",
    async (way) => {
      const { child, stdout } = start({ SIMULATOR_PORT: "0", TOKENKEEPER_TIME_SCALE: "60" }, way === "disconnect");
      const [chunk] = (await once(stdout, "data")) as [Buffer];
      const line = JSON.parse(chunk.toString()) as { url: string; scale: number };
      expect(line.scale).toBe(60);
      expect(await (await fetch(`${line.url}/__sim/healthz`)).json()).toEqual({ ok: true });
      const exit = once(child, "exit");
      if (way === "disconnect") child.disconnect();
      else child.kill(way);
      expect(await exit).toEqual([0, null]);
    },
  );

  it("ends with 69 and a sentence when the port is taken, also with an IPC channel", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const { child, stdout } = start({ SIMULATOR_PORT: String((holder.address() as AddressInfo).port) }, true);
    const [output, [code]] = await Promise.all([text(stdout), once(child, "exit")]);
    expect(code).toBe(69);
    expect(output).toMatch(/port is not available: .*SIMULATOR_PORT/);
    holder.close();
  });

  it("ends with 78 and every problem of its environment", async () => {
    const { child, stdout } = start({ SIMULATOR_PORT: "http", TOKENKEEPER_TIME_SCALE: "0" });
    const [output, [code]] = await Promise.all([text(stdout), once(child, "exit")]);
    expect(code).toBe(78);
    expect(output.trim().split("\n")).toHaveLength(2);
    expect(output).toMatch(/SIMULATOR_PORT.*\n.*TOKENKEEPER_TIME_SCALE/);
  });
});

describe("the environment", () => {
  it.each<[NodeJS.ProcessEnv, object]>([
    [{}, { port: 3012, scale: 1 }],
    [
      { SIMULATOR_PORT: "", TOKENKEEPER_TIME_SCALE: "" },
      { port: 3012, scale: 1 },
    ],
    [
      { SIMULATOR_PORT: "0", TOKENKEEPER_TIME_SCALE: "2.5", SIMULATOR_STATE_FILE: "s.json" },
      { port: 0, scale: 2.5, stateFile: "s.json" },
    ],
  ])("%o gives %o", (env, expected) => {
    expect(readEnvironment(env)).toEqual(expected);
  });
});
