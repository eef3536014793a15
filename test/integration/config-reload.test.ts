import { writeFile } from "node:fs/promises";
import { afterEach, describe, expect, it } from "vitest";
import { ACCOUNTS_KEY } from "@tokenkeeper/shared/contract";
import { eventually } from "../support/eventually.ts";
import { startWorld, type World, type WorkerProcess } from "../support/world.ts";

let world: World;
afterEach(() => world[Symbol.asyncDispose]());

async function says(worker: WorkerProcess, event: string): Promise<void> {
  await eventually(() => expect(worker.output()).toContain(`"${event}"`), { what: event, timeoutMs: 20_000 });
}

async function schedulers(): Promise<string[]> {
  return (await world.scheduleQueue.getJobSchedulers()).map(({ key }) => key).toSorted();
}

describe("a changed configuration file", () => {
  it("is picked up: a mended secret is used at once, without a person and without a restart", async () => {
    world = await startWorld({ accounts: [{ name: "shop", wrongSecret: "deadbeefdeadbeefdeadbeefdeadbeef" }] });
    const worker = await world.startWorker();
    await eventually(async () => expect(await world.refreshQueue.getFailedCount()).toBe(1), { what: "the failure" });

    await writeFile(worker.configFile, world.yaml({ wrongSecrets: false }));

    const token = await world.client({ waitMs: 20_000 }).getAccessToken("shop");
    expect(world.simulator.control.tokenVerdict(world.appId("shop"), token)).toBe("accepted");
    expect(world.fetches("shop").map(({ errcode }) => errcode)).toEqual([40125, 0]);
  });

  it("that is broken changes nothing, and the log says once what is wrong", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }] });
    const worker = await world.startWorker();
    const token = await world.client({ waitMs: 10_000 }).getAccessToken("shop");

    await writeFile(worker.configFile, JSON.stringify({ accounts: [{ name: "shop", appID: "x" }] }));
    await says(worker, "config.rejected");
    await writeFile(worker.configFile, world.yaml({}));
    await says(worker, "config.reloaded");

    expect(worker.output().split("config.rejected")).toHaveLength(2);
    expect(worker.output()).toContain("did you mean appId?");
    expect(await world.client().getAccessToken("shop")).toBe(token);
    expect(world.fetches("shop")).toHaveLength(1);
  });

  it("retires an account only when no living worker is configured for it", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }, { name: "old", tickets: ["jsapi"] }] });
    const [first, second] = await Promise.all([world.startWorker(), world.startWorker()]);
    await world.client({ waitMs: 10_000 }).getTicket("old", "jsapi");
    const before = await schedulers();

    await writeFile(first.configFile, world.yaml({ without: "old" }));
    await says(first, "config.reloaded");
    expect(await schedulers()).toEqual(before);
    await writeFile(second.configFile, world.yaml({ without: "old" }));

    await eventually(
      async () => {
        expect(await schedulers()).toEqual(["sweep", `tick-${world.appId("shop")}-access_token`]);
        expect(await world.redis.redis.hkeys(ACCOUNTS_KEY)).toEqual(expect.arrayContaining(["shop"]));
        expect(await world.redis.redis.hexists(ACCOUNTS_KEY, "old")).toBe(0);
      },
      { what: "the account to be retired", timeoutMs: 30_000 },
    );
    expect(await world.refreshQueue.getDelayedCount()).toBe(1);
  });

  it("retires the former name of an account only when no living worker has it", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }, { name: "old" }] });
    const [first, second] = await Promise.all([world.startWorker(), world.startWorker()]);
    await world.client({ waitMs: 10_000 }).getAccessToken("old");
    const id = world.appId("old");
    const renamed = world.yaml({}).replace('"name":"old"', '"name":"new"');
    const names = async (): Promise<string[]> => (await world.redis.redis.hkeys(ACCOUNTS_KEY)).toSorted();
    const { redis } = world.redis;
    // By its log a worker has looked for what to retire: here for a credential of nobody.
    const looked = async (stray: string): Promise<void> => {
      const entry = { id: stray, name: stray, family: "official-account", kinds: ["access_token"] };
      await redis.hset(ACCOUNTS_KEY, stray, JSON.stringify(entry));
      await eventually(async () => expect(await names()).not.toContain(stray), {
        what: "a look for what to retire",
        timeoutMs: 30_000,
      });
    };

    await writeFile(first.configFile, renamed);
    await says(first, "config.reloaded");
    for (const stray of ["wx000000000000aaaa", "wx000000000000bbbb"]) await looked(stray);
    expect(await names()).toEqual([id, world.appId("shop"), "new", "old", "shop"].toSorted());
    await writeFile(second.configFile, renamed);

    await eventually(async () => expect(await names()).toEqual([id, world.appId("shop"), "new", "shop"].toSorted()), {
      what: "the former name to go",
      timeoutMs: 30_000,
    });
    expect(await world.client().getAccessToken("new")).toBe(await world.client().getAccessToken(id));
  });
});
