import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSimulator, type Simulator } from "@tokenkeeper/simulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cli } from "../support/cli.ts";

const ID = "robot-key-LEAKCANARY0123456789";

describe("tokenkeeper alert-test", () => {
  let simulator: Simulator;
  let folder: string;
  beforeAll(async () => {
    [simulator, folder] = await Promise.all([createSimulator(), mkdtemp(join(tmpdir(), "tokenkeeper-alert-test-"))]);
    simulator.robots.put({ type: "wecom", id: ID });
  });
  afterAll(() => Promise.all([simulator.close(), rm(folder, { recursive: true, force: true })]));

  async function envWith(...ids: string[]): Promise<Record<string, string>> {
    const file = join(folder, `${ids.length}.yaml`);
    const receivers = ids.map((id, index) => ({
      name: `group ${index}`,
      type: "wecom",
      url: `${simulator.url}/cgi-bin/webhook/send?key=${id}`,
    }));
    await writeFile(file, JSON.stringify({ language: "en", receivers }), { mode: 0o600 });
    return { TOKENKEEPER_ALERTS: file };
  }

  it("sends a message that says that it is a test, and ends with 0", async () => {
    const ended = await cli(["alert-test"], { env: await envWith(ID) });

    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout).toContain("group 0 (wecom): delivered\n");
    expect(simulator.robots.messages({ type: "wecom" })).toMatchObject([{ accepted: true }]);
  });

  it("says which receiver did not take it, why and what to do, and ends with 1", async () => {
    const ended = await cli(["alert-test", "--json"], { env: await envWith(ID, "unknown-LEAKCANARY") });

    expect(ended.code).toBe(1);
    expect(JSON.parse(ended.stdout)).toEqual({
      receivers: [
        { receiver: "group 0", type: "wecom", delivered: true },
        {
          receiver: "group 1",
          type: "wecom",
          delivered: false,
          code: "93000",
          reason: { en: expect.stringMatching(/\S/) as string, zh: expect.stringMatching(/\S/) as string },
        },
      ],
    });
    expect(ended.stdout + ended.stderr).not.toContain("LEAKCANARY");
  });

  it("asks for the file where none is named", async () => {
    const ended = await cli(["alert-test"], { env: {} });

    expect(ended).toMatchObject({ code: 78, stdout: "" });
    expect(ended.stderr).toContain("TOKENKEEPER_ALERTS");
  });
});
