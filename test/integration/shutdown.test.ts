import { afterEach, describe, expect, it } from "vitest";
import { CONTROL_FIELDS, decodeControl } from "@tokenkeeper/core";
import { controlKey, recordKey } from "@tokenkeeper/shared/contract";
import { eventually } from "../support/eventually.ts";
import { startWorld, type World } from "../support/world.ts";

let world: World;
afterEach(() => world[Symbol.asyncDispose]());

const LIMIT_MS = 10_000;

function credential(): { account: string; kind: "access_token" } {
  return { account: world.appId("shop"), kind: "access_token" };
}

async function untilFetching(): Promise<void> {
  const lease = async (): Promise<void> =>
    expect(await world.redis.redis.hexists(controlKey(credential()), "lease_attempt")).toBe(1);
  await eventually(lease, { what: "a fetch to be under way" });
}

describe("SIGTERM", () => {
  it("ends an idle worker at once with code 0", async () => {
    world = await startWorld({ accounts: [{ name: "shop" }] });
    const worker = await world.startWorker();
    await world.client({ waitMs: 10_000 }).getAccessToken("shop");

    const { code, tookMs } = await worker.stop();

    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(LIMIT_MS);
  });

  it("lets a fetch that is under way finish and commits it", async () => {
    world = await startWorld({ scale: 2, accounts: [{ name: "shop", token: "classic" }] });
    const fault = { type: "delay", ms: 1_500 } as const;
    world.simulator.control.addFault(world.appId("shop"), { call: "token", fault });
    const worker = await world.startWorker();
    await untilFetching();

    const { code, tookMs } = await worker.stop();

    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(LIMIT_MS);
    expect(await world.redis.redis.exists(recordKey(credential()))).toBe(1);
  });

  it("abandons a fetch that hangs, and leaves its intent so that the next worker fetches", async () => {
    world = await startWorld({ scale: 2, accounts: [{ name: "shop", token: "classic" }] });
    world.simulator.control.addFault(world.appId("shop"), { call: "token", fault: { type: "execute_then_hang" } });
    const worker = await world.startWorker();
    await untilFetching();

    const { code, tookMs } = await worker.stop();
    const control = decodeControl(await world.redis.redis.hmget(controlKey(credential()), ...CONTROL_FIELDS));

    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(LIMIT_MS);
    expect(control.intent).toBeDefined();
    expect(control.lease).toBeUndefined();
    expect(control.settleDue).toBeGreaterThan(0);
    await world.startWorker();
    const token = await world.client({ waitMs: 30_000 }).getAccessToken("shop");
    expect(world.simulator.control.tokenVerdict(world.appId("shop"), token)).toBe("accepted");
  });

  it("leaves a killed worker's refresh to another one", async () => {
    world = await startWorld({ accounts: [{ name: "shop", token: "classic" }] });
    world.simulator.control.addFault(world.appId("shop"), { call: "token", fault: { type: "execute_then_hang" } });
    const doomed = await world.startWorker();
    await untilFetching();

    await doomed.kill9();
    await world.startWorker();

    const token = await world.client({ waitMs: 30_000 }).getAccessToken("shop");
    expect(world.simulator.control.tokenVerdict(world.appId("shop"), token)).toBe("accepted");
  });
});
