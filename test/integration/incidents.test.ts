// Incidents over two processes that watch at once, and over a death between what is written and what is enqueued.
import { ALERTS_QUEUE, secretOf } from "@tokenkeeper/core";
import type { Round } from "@tokenkeeper/ops";
import { healthyFleet } from "@tokenkeeper/ops/testing";
import { INCIDENTS_KEY, QUEUE_PREFIX } from "@tokenkeeper/shared/contract";
import { Queue } from "bullmq";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createAnnounce } from "../../packages/alerts/src/announce.ts";
import { createIncidentStore } from "../../packages/alerts/src/incident-store.ts";
import { RULES, THRESHOLDS } from "../../packages/alerts/src/rules.ts";
import type { AlertSettings } from "../../packages/alerts/src/settings-file.ts";
import { startTestRedis, type TestRedis } from "../support/redis.ts";

const NOW = 1_700_000_000_000;
const MINUTE = 60_000;

const rules = Object.fromEntries(
  Object.entries(RULES).map(([rule, { severity }]) => [rule, { severity, for: 0, off: false }]),
);
const receiver = { type: "wecom", url: secretOf("https://qyapi.weixin.qq.com/"), language: "zh" } as const;
const settings: AlertSettings = {
  receivers: [
    { ...receiver, name: "ops", severities: ["page", "ticket"] },
    { ...receiver, name: "night", severities: ["page"] },
  ],
  rules: rules as AlertSettings["rules"],
  thresholds: THRESHOLDS,
  warnings: [],
};

/** A fleet without workers, or with one. */
function round(at: number, workers: number): Round {
  const fleet = healthyFleet(at);
  const [worker] = fleet.workers;
  return {
    now: at,
    facts: [],
    rows: [],
    fleet: { ...fleet, workers: Array.from({ length: workers }, () => worker).filter((each) => each !== undefined) },
  };
}

describe("incidents", () => {
  let server: TestRedis;
  let queue: Queue;
  beforeAll(async () => {
    server = await startTestRedis();
    queue = new Queue(ALERTS_QUEUE, { connection: server.redis, prefix: QUEUE_PREFIX });
  });
  beforeEach(() => server.redis.flushall());
  afterAll(async () => {
    await queue.close();
    await server.stop();
  });

  const announce = (jobs: Pick<Queue, "addBulk"> = queue): ReturnType<typeof createAnnounce> =>
    createAnnounce({
      store: createIncidentStore(server.redis),
      queue: jobs,
      settings: () => settings,
      awayMs: MINUTE,
      timeScale: 1,
    });
  const told = async (): Promise<string[]> =>
    (await queue.getJobs()).map(({ name }) => name).toSorted((a, b) => a.localeCompare(b));

  it("are one job for each receiver, whatever number of processes sees them at once", async () => {
    const watchers = Array.from({ length: 5 }, () => announce());

    await Promise.all(watchers.map((watcher) => watcher(round(NOW, 0))));
    for (const watcher of watchers) await watcher(round(NOW + 1_000, 0));

    expect(await told()).toEqual(["NoWorker · night", "NoWorker · ops"]);
  });

  it("are enqueued by the next one when who wrote them down died before, and not twice when it died after", async () => {
    const dies = (): Promise<never> => Promise.reject(new Error("killed"));
    await expect(announce({ addBulk: dies })(round(NOW, 0))).rejects.toThrow("killed");
    expect(await told()).toEqual([]);

    const diesAfter: Pick<Queue, "addBulk"> = { addBulk: (jobs) => queue.addBulk(jobs).then(dies) };
    await expect(announce(diesAfter)(round(NOW + 1_000, 0))).rejects.toThrow("killed");
    await announce()(round(NOW + 2_000, 0));

    expect(await told()).toEqual(["NoWorker · night", "NoWorker · ops"]);
  });

  it("are forgotten once their end is told", async () => {
    const watcher = announce();
    await watcher(round(NOW, 0));
    await watcher(round(NOW + 1_000, 1));
    await watcher(round(NOW + MINUTE + 1_000, 1));

    expect(await told()).toHaveLength(4);
    expect(await server.redis.hkeys(INCIDENTS_KEY)).toEqual(["revision"]);
  });

  it("go on over garbage in the key", async () => {
    await server.redis.hset(INCIDENTS_KEY, "revision", "x", "NoWorker", "{", "other", '{"rule":"Nothing"}');

    await announce()(round(NOW, 0));

    expect(await told()).toEqual(["NoWorker · night", "NoWorker · ops"]);
  });
});
