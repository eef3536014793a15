import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestRedis, type TestRedis } from "../support/redis.ts";
import { createStage, type Stage } from "./stage.ts";

let server: TestRedis;
let stage: Stage;
beforeAll(async () => {
  server = await startTestRedis();
});
afterAll(() => server.stop());
beforeEach(() => {
  stage = createStage({ redis: server.redis });
});

const add = (id: string): Promise<void> => stage.store.addFailedJob(stage.credential, id);
const remove = (id: string): Promise<void> => stage.store.removeFailedJob(stage.credential, id);
const known = async (id: string): Promise<boolean> => (await stage.state()).control.failedJobs.includes(id);
const list = async (): Promise<string | undefined> => (await stage.control())["failed_jobs"];

describe("the list of failed jobs", () => {
  it("knows a job that failed, and no other one", async () => {
    await add("17");

    expect(await Promise.all(["17", "1", "7", "170", ""].map(known))).toEqual([true, false, false, false, false]);
  });

  it("holds a job once although it is added again", async () => {
    for (const id of ["17", "18", "17"]) await add(id);

    expect(await list()).toBe("18,17");
  });

  it("forgets a job that was re-run, and is gone when it is empty", async () => {
    await add("17");
    await add("18");
    await remove("17");
    expect(await list()).toBe("18");

    await remove("18");

    expect(await list()).toBeUndefined();
    expect(await known("18")).toBe(false);
  });

  it("does not mind a job that it does not hold", async () => {
    await add("17");
    await remove("99");

    expect(await list()).toBe("17");
  });

  it("keeps the last 50", async () => {
    for (let id = 1; id <= 60; id += 1) await add(String(id));

    expect((await list())?.split(",")).toEqual(Array.from({ length: 50 }, (_, index) => String(index + 11)));
  });

  it("replaces a control key of another type", async () => {
    await server.redis.set(stage.keys.control, "not a hash");

    await add("17");

    expect(await known("17")).toBe(true);
  });

  it("works after Redis forgot its scripts", async () => {
    await add("17");
    await server.redis.script("FLUSH");

    await remove("17");

    expect(await known("17")).toBe(false);
  });
});
