import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { anyFreePort, isAlive } from "@tokenkeeper/launcher";
import { createFleet, type Fleet } from "../packages/launcher/src/fleet.ts";
import { isRunning } from "../packages/launcher/src/process-identity.ts";
import type { ProcessPlan } from "../packages/launcher/src/process-plan.ts";
import { claimStart, readRunningStart, type Claim } from "../packages/launcher/src/running-start.ts";
import { eventually } from "./support/eventually.ts";

const SERVE = `
  import { createServer } from "node:http";
  createServer((request, reply) => {
    reply.end("ok");
    if (request.url === "/die") process.exit(Number(process.env.DIE_WITH));
  }).listen(process.env.PORT, "127.0.0.1");
  process.on("disconnect", () => process.exit(0));
`;

describe("the processes of a start", () => {
  let home: string;
  let said: string;
  let ending: AbortController;
  let claim: Claim;
  let fleet: Fleet;
  let file: string;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "tokenkeeper-children-"));
    file = join(home, "start.json");
    said = "";
    ending = new AbortController();
    const found = await claimStart(file);
    if (!("claim" in found)) throw new Error("another start in a new folder");
    claim = found.claim;
    fleet = createFleet({ claim, say: (text) => void (said += text), signal: ending.signal });
  });
  afterEach(async () => {
    await fleet.stop();
    await rm(home, { recursive: true, force: true });
  });

  async function planOf(source: string, env: NodeJS.ProcessEnv = {}): Promise<ProcessPlan & { url: string }> {
    const port = await anyFreePort();
    const script = join(home, `part-${port}.mjs`);
    await writeFile(script, source);
    const url = `http://127.0.0.1:${port}`;
    return { name: "worker", script, env: { ...env, PORT: String(port) }, readyUrl: url, url };
  }
  const childPid = async (): Promise<number> => {
    const pid = (await readRunningStart(file))?.children[0]?.pid;
    if (pid === undefined) throw new Error("no child is recorded");
    return pid;
  };

  it("records a ready child and leaves none after stop", async () => {
    await fleet.run(await planOf(SERVE));
    const pid = await childPid();
    expect(isAlive(pid)).toBe(true);

    await fleet.stop();

    expect(isAlive(pid)).toBe(false);
    expect(said).toBe("");
  });

  it("starts a child that died again, and says which and how", async () => {
    const plan = await planOf(SERVE, { DIE_WITH: "7" });
    await fleet.run(plan);
    const first = await childPid();

    await fetch(`${plan.url}/die`).catch(() => undefined);

    await eventually(async () => expect(await childPid()).not.toBe(first), { what: "another process" });
    expect(said).toBe("The worker ended unexpectedly (exit code 7). Starting it again in 0.5 s.\n");
    await eventually(async () => expect((await fetch(plan.url)).ok).toBe(true), { what: "it to answer again" });
  });

  it.each([78, 69])("does not start a child again that ended with exit code %i", async (code) => {
    const running = fleet.run(await planOf(`process.exit(${code})`));

    await expect(running).rejects.toMatchObject({ exitCode: code, message: expect.stringContaining("worker") });
  });

  it("hears of a child that ends for good after it was ready", async () => {
    const plan = await planOf(SERVE, { DIE_WITH: "69" });
    await fleet.run(plan);

    await fetch(`${plan.url}/die`).catch(() => undefined);

    await expect(fleet.untilEnd()).rejects.toMatchObject({ exitCode: 69 });
  });

  it("gives up waiting for a child when told to end", async () => {
    const running = fleet.run(await planOf("setInterval(() => undefined, 1000)"));

    ending.abort(new Error("told to end"));

    await expect(running).rejects.toThrow("told to end");
  });

  it("starts nothing more once told to end", async () => {
    ending.abort(new Error("told to end"));

    await expect(fleet.run(await planOf(SERVE))).rejects.toThrow("told to end");
    expect((await readRunningStart(file))?.children).toEqual([]);
  });

  it("waits for the children of a dead start before it takes the folder", async () => {
    const slow = SERVE + 'process.on("SIGTERM", () => setTimeout(() => process.exit(0), 300));';
    await fleet.run(await planOf(slow));
    const record = await readRunningStart(file);
    const [child] = record?.children ?? [];
    if (child === undefined) throw new Error("no child is recorded");
    const dead = join(home, "dead.json");
    await writeFile(dead, JSON.stringify({ ...record, startedAt: "before this process" }));
    const stopping = fleet.stop();

    expect(await isRunning(child)).toBe(true);
    const found = await claimStart(dead);

    expect(found).toHaveProperty("claim");
    expect(await isRunning(child)).toBe(false);
    await stopping;
  });

  it("lets only one of two starts at once have the folder", async () => {
    const folder = join(home, "both.json");

    const found = await Promise.all([claimStart(folder), claimStart(folder)]);

    expect(found.filter((one) => "claim" in one)).toHaveLength(1);
    expect(found.filter((one) => "other" in one)).toHaveLength(1);
  });

  it("has the folder again after a release, and after a file that is no record", async () => {
    await claim.release();
    expect(await claimStart(file)).toHaveProperty("claim");

    await writeFile(file, "not a record");
    expect(await claimStart(file)).toHaveProperty("claim");
  });
});
