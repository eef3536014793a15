import { afterEach, describe, expect, it } from "vitest";
import { parseReporterEntry, type ReporterEntry } from "@tokenkeeper/core";
import { fingerprint, reportersKey, REPORTS_KEY } from "@tokenkeeper/shared/contract";
import { eventually } from "../support/eventually.ts";
import { startWorld, type World } from "../support/world.ts";

let world: World;
afterEach(() => world[Symbol.asyncDispose]());

function probes(name: string): number {
  return world.simulator.control.log({ appId: world.appId(name), call: "get_api_domain_ip" }).length;
}

async function reportsHandled(): Promise<void> {
  await eventually(
    async () => {
      const [group] = (await world.redis.redis.xinfo("GROUPS", REPORTS_KEY)) as unknown[][];
      expect(group).toEqual(expect.arrayContaining(["pending", 0, "lag", 0]));
    },
    { what: "all reports to be handled" },
  );
}

describe("reports", () => {
  it("of one value, a hundred at once, cost one probe and no fetch while WeChat accepts it", async () => {
    world = await startWorld({ scale: 1, accounts: [{ name: "shop", token: "classic" }] });
    await world.startRuntime();
    await world.client({ waitMs: 10_000 }).getAccessToken("shop");
    const account = world.appId("shop");
    const fp = (await world.redis.redis.hget(`wx:ctl:{${account}}:access_token`, "fingerprint")) ?? "";

    const message = ["account", account, "kind", "access_token", "fp", fp];
    const oneProbe = async (): Promise<void> => {
      await Promise.all(Array.from({ length: 100 }, () => world.redis.redis.xadd(REPORTS_KEY, "*", ...message)));
      await reportsHandled();
      expect(probes("shop")).toBe(1);
    };

    // A probe that a busy machine could not even send decides nothing: the next reports try again.
    await eventually(oneProbe, { what: "the one probe", timeoutMs: 20_000 });
    expect(world.fetches("shop")).toHaveLength(1);
  });

  it("are written down by app with what came of them, and a name that is none takes nothing away from its report", async () => {
    world = await startWorld({ scale: 1, accounts: [{ name: "shop", token: "classic" }] });
    await world.startRuntime();
    const web = world.client({ waitMs: 10_000, app: "shop-web" });
    const dead = await web.getAccessToken("shop");
    const ref = { account: world.appId("shop"), kind: "access_token" } as const;
    const reporters = async (): Promise<Record<string, ReporterEntry | undefined>> => {
      const fields = Object.entries(await world.redis.redis.hgetall(reportersKey(ref)));
      return Object.fromEntries(fields.map(([app, json]) => [app, parseReporterEntry(json)]));
    };
    const entry = (times: number, result: string): object => ({
      since: expect.any(Number),
      at: expect.any(Number),
      times,
      result,
    });

    for (let fetch = 0; fetch < 2; fetch += 1) world.simulator.control.foreignFetch(ref.account, { family: "classic" });
    expect((await web.withToken("shop", (token) => world.businessCall(token))).errcode ?? 0).toBe(0);
    await world.client({ waitMs: 10_000 }).report("shop", dead);
    const about = ["account", ref.account, "kind", ref.kind, "fp", fingerprint(dead)];
    for (const app of ["old job", "old job", "\u001b[31m", "-", "x".repeat(65)])
      await world.redis.redis.xadd(REPORTS_KEY, "*", ...about, "app", app);

    await eventually(
      async () =>
        expect(await reporters()).toEqual({
          "shop-web": entry(1, "foreign"),
          "old job": entry(2, expect.any(String)),
          "-": entry(4, expect.any(String)),
        }),
      { what: "the reporters" },
    );
    expect(JSON.stringify(await reporters())).not.toContain(dead);
    expect(await world.redis.redis.ttl(reportersKey(ref))).toBeGreaterThan(0);
  });

  it("about an account whose probe hangs do not keep another account's demand waiting", async () => {
    world = await startWorld({ scale: 1, accounts: [{ name: "slow", token: "classic" }, { name: "shop" }] });
    const committer = await world.startRuntime();
    for (const name of ["slow", "shop"]) await world.client({ waitMs: 10_000 }).getAccessToken(name);
    await committer.stop();
    await world.startRuntime();
    const [slow, shop] = [world.appId("slow"), world.appId("shop")];
    const hang = { type: "delay", ms: 20_000 } as const;
    world.simulator.control.addFault(slow, { call: "get_api_domain_ip", fault: hang });
    const fp = (await world.redis.redis.hget(`wx:ctl:{${slow}}:access_token`, "fingerprint")) ?? "";
    await world.redis.redis.xadd(REPORTS_KEY, "*", "account", slow, "kind", "access_token", "fp", fp);
    await eventually(
      async () => expect(await world.redis.redis.xpending(REPORTS_KEY, "workers")).toEqual(expect.arrayContaining([1])),
      { what: "the report to be under way" },
    );

    await world.redis.redis.del(`wx:tok:{${shop}}:access_token`);

    expect(await world.client({ waitMs: 15_000 }).getAccessToken("shop")).toEqual(expect.any(String));
  });
});

describe("a demand", () => {
  it("reaches the worker that is configured for the account, whichever worker hears it", async () => {
    world = await startWorld({ scale: 1, accounts: [{ name: "shop" }, { name: "fresh" }] });
    const planners = { ticks: false, sweep: false, fallback: false };
    const { accounts, ...rest } = world.config();
    const older = { ...rest, accounts: accounts.filter(({ name }) => name === "shop") };
    await world.startRuntime({ planners });
    for (let worker = 0; worker < 3; worker += 1) await world.startRuntime({ planners, config: older });
    await world.client({ waitMs: 10_000 }).getAccessToken("fresh");

    for (let round = 0; round < 6; round += 1) {
      await world.redis.redis.del(`wx:tok:{${world.appId("fresh")}}:access_token`);
      await world.redis.redis.hdel(`wx:ctl:{${world.appId("fresh")}}:access_token`, "committed_generation");
      expect(await world.client({ waitMs: 15_000 }).getAccessToken("fresh")).toEqual(expect.any(String));
    }
  });
});

describe("a classic account whose quota is used up", () => {
  it("is served again as soon as it is configured for the stable token", async () => {
    world = await startWorld({ scale: 1, accounts: [{ name: "shop", token: "classic", fallback: "never" }] });
    const errcode = { type: "errcode", errcode: 45009 } as const;
    world.simulator.control.addFault(world.appId("shop"), { call: "token", fault: errcode, times: null });
    const classic = await world.startRuntime();
    await eventually(async () => expect(await world.refreshQueue.getFailedCount()).toBe(1), { what: "the failure" });
    await classic.stop();
    const { accounts, ...rest } = world.config();

    await world.startRuntime({
      config: { ...rest, accounts: accounts.map((each) => ({ ...each, token: "stable" as const })) },
    });

    const token = await world.client({ waitMs: 10_000 }).getAccessToken("shop");
    expect(world.simulator.control.tokenVerdict(world.appId("shop"), token)).toBe("accepted");
  });
});
