// The doctor of an instance that follows another one: its way leads to the leader, not to WeChat.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { anyFreePort } from "@tokenkeeper/launcher";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cli } from "../support/cli.ts";
import { eventually } from "../support/eventually.ts";
import { startFollower, type Follower } from "../support/follower.ts";
import { startWorld, type World } from "../support/world.ts";

interface Finding {
  readonly level: string;
  readonly sentence: { readonly en: string };
  readonly remedy?: { readonly en: string };
}

describe("tokenkeeper doctor at a follower", () => {
  let world: World;
  let follower: Follower;
  let folder: string;
  beforeAll(async () => {
    world = await startWorld({ accounts: [{ name: "shop" }], keys: [{ name: "staging" }] });
    await world.startRuntime();
    follower = await startFollower(world, { key: "staging" });
    await follower.startRuntime();
    await follower.client({ waitMs: 30_000 }).getAccessToken("shop");
    folder = await mkdtemp(join(tmpdir(), "tokenkeeper-doctor-"));
  });
  afterAll(async () => {
    await follower[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** Findings by the name of their check. @param config whether the configuration is there as well */
  async function doctor(leaderUrl: string, { config = true } = {}): Promise<Record<string, readonly Finding[]>> {
    const file = join(folder, "tokenkeeper.yaml");
    const accounts = [{ name: "shop", type: "official-account", appId: world.appId("shop") }];
    const leader = { url: leaderUrl, key: world.key("staging") };
    await writeFile(file, JSON.stringify({ leader, accounts }), { mode: 0o600 });
    const { stdout } = await cli(["doctor", "--json"], {
      env: {
        REDIS_URL: follower.redis.url,
        // A firewall lets a follower reach its leader alone.
        WECHAT_API_BASE_URL: "http://127.0.0.1:1",
        ...(config && { TOKENKEEPER_CONFIG: file }),
      },
    });
    expect(stdout).not.toContain(world.key("staging"));
    const { checks } = JSON.parse(stdout) as { checks: { name: string; findings: Finding[] }[] };
    return Object.fromEntries(checks.map(({ name, findings }) => [name, findings]));
  }
  const levels = (found: Record<string, readonly Finding[]>): Record<string, string | undefined> =>
    Object.fromEntries(Object.entries(found).map(([name, [first]]) => [name, first?.level]));
  const SKIPPED = { "clock-wechat": "skipped", wechat: "skipped", whitelist: "skipped" };

  it("asks the leader, and skips what is about WeChat", async () => {
    const found = await eventually(
      async () => {
        const now = await doctor(world.apiUrl);
        expect(Object.values(levels(now))).not.toContain("problem");
        return now;
      },
      { what: "a follower that is well", timeoutMs: 30_000 },
    );

    expect(levels(found)).toMatchObject({ ...SKIPPED, config: "ok", leader: "ok", credentials: "ok" });
    expect(found["leader"]?.[0]?.sentence.en).toBe(`${new URL(world.apiUrl).host} answers.`);
  });

  it("knows from the workers that every account follows, where the configuration is not", async () => {
    expect(levels(await doctor(world.apiUrl, { config: false }))).toMatchObject({
      ...SKIPPED,
      config: "skipped",
      leader: "skipped",
    });
  });

  it("says that the leader is not there, and what to look at", async () => {
    const found = await doctor(`http://127.0.0.1:${await anyFreePort()}`);

    expect(found["leader"]).toMatchObject([
      {
        level: "problem",
        sentence: { en: expect.stringMatching(/It cannot be connected to\.$/) },
        remedy: { en: expect.stringContaining("leader.url") },
      },
    ]);
    expect(levels(found)).toMatchObject(SKIPPED);
  });
});
