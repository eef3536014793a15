import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { APP_ID, startClient } from "./testing/client.ts";

describe("the state file", () => {
  let folder: string;
  let stateFile: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "simulator-"));
    stateFile = join(folder, "state.json");
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("carries tokens, settings, counters and faults over a restart, and time goes on meanwhile", async () => {
    let now = Date.UTC(2026, 10, 22, 4);
    const options = { stateFile, now: () => now };
    const before = await startClient(options);
    const [first, second] = [await before.token(), await before.token()];
    const stable = await before.stable();
    before.simulator.control.patchAccount(APP_ID, { tokenLength: 99 });
    before.simulator.control.addFault(APP_ID, { call: "token", fault: { type: "http_502" }, times: 3 });
    await before.simulator.close();

    now += 299_000;
    const after = await startClient(options);
    const { control } = after.simulator;
    expect([first, second].map((token) => control.tokenVerdict(APP_ID, token))).toEqual(["accepted", "accepted"]);
    const again = await after.stable();
    expect(again.json).toEqual({ access_token: stable.json["access_token"], expires_in: 6901 });
    expect(control.account(APP_ID).tokenLength).toBe(99);
    expect((await after.classic()).status).toBe(502);
    expect(control.faults()).toMatchObject([{ times: 2 }]);
    expect(control.state().accounts[0]?.quota.day).toEqual({ token: 2, stable_token: 2 });
    now += 1000;
    expect(control.tokenVerdict(APP_ID, first)).toBe("superseded");
    await after.simulator.close();
  });

  it("keeps accounts apart that were made before and after a restart", async () => {
    const before = await startClient({ stateFile });
    const token = await before.token();
    await before.simulator.close();
    const after = await startClient({ stateFile });
    after.simulator.control.putAccount({ appId: "wxlater", secret: "s" });
    const answer = await after.ask(`/cgi-bin/get_api_domain_ip?access_token=${token}`);
    expect(answer.json["ip_list"]).toHaveLength(3);
    await after.simulator.close();
  });

  it("holds a token before the client has it, whole and readable by the owner alone", async () => {
    const client = await startClient({ stateFile });
    const token = await client.token();
    expect(await readFile(stateFile, "utf8")).toContain(token);
    const tokens = await Promise.all(Array.from({ length: 20 }, () => client.token()));
    const saved = JSON.parse(await readFile(stateFile, "utf8")) as {
      accounts: { lines: { classic: { count: number } } }[];
    };
    expect(saved.accounts[0]?.lines.classic.count).toBe(1 + tokens.length);
    expect((await stat(stateFile)).mode & 0o777).toBe(0o600);
    await client.simulator.close();
    expect(await readdir(folder)).toEqual(["state.json"]);
  });

  it.each(["", "{", "[]", '{"schema":2}'])(
    "that holds %j is kept aside, with a warning and an empty start",
    async (text) => {
      await writeFile(stateFile, text);
      const warnings: string[] = [];
      const client = await startClient({ stateFile, now: () => 5, warn: (message) => warnings.push(message) });
      expect(warnings).toEqual([expect.stringMatching(/is broken: kept it as .*broken-5 and started empty$/)]);
      expect(await readFile(`${stateFile}.broken-5`, "utf8")).toBe(text);
      await client.simulator.close();
    },
  );

  it("that cannot be written is warned about, and the simulator goes on in memory", async () => {
    await mkdir(`${stateFile}.tmp`);
    const warnings: string[] = [];
    const client = await startClient({ stateFile, warn: (message) => warnings.push(message) });
    expect(await client.token()).toMatch(/^60_/);
    expect(warnings[0]).toMatch(/cannot be written: .*; going on in memory$/);
    await client.simulator.close();
  });

  it("that cannot be read ends the start with a sentence", async () => {
    await mkdir(stateFile);
    await expect(startClient({ stateFile })).rejects.toThrow(/cannot be read \(EISDIR\): check its permissions/);
  });
});

describe("the event log file", () => {
  it("gets one line of JSON for each call", async () => {
    const folder = await mkdtemp(join(tmpdir(), "simulator-"));
    const logFile = join(folder, "events.ndjson");
    const client = await startClient({ logFile });
    await client.classic();
    await client.stable();
    await client.simulator.close();
    const lines = (await readFile(logFile, "utf8")).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(client.simulator.control.log());
    expect(lines).toHaveLength(2);
    await rm(folder, { recursive: true });
  });
});
