// What is delivered, and when: quiet hours, and ends of what nobody heard of. A real queue and a robot that counts.
import { ALERTS_QUEUE, createDurations, createLog, secretOf } from "@tokenkeeper/core";
import { createSimulator, type Simulator } from "@tokenkeeper/simulator";
import { QUEUE_PREFIX, systemClock } from "@tokenkeeper/shared/contract";
import { Queue, type Job, type Worker } from "bullmq";
import type { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Round } from "@tokenkeeper/ops";
import { healthyFleet } from "@tokenkeeper/ops/testing";
import type { AlertJob } from "../../packages/alerts/src/alert-job.ts";
import { createAnnounce } from "../../packages/alerts/src/announce.ts";
import { ALERT_BACKOFF, createDelivery } from "../../packages/alerts/src/delivery.ts";
import { createIncidentStore } from "../../packages/alerts/src/incident-store.ts";
import { RULES, THRESHOLDS } from "../../packages/alerts/src/rules.ts";
import { createSender, type Sender } from "../../packages/alerts/src/sender.ts";
import type { AlertSettings } from "../../packages/alerts/src/settings-file.ts";
import { eventually } from "../support/eventually.ts";
import { startTestRedis, type TestRedis } from "../support/redis.ts";

const HOUR = 3_600_000;
const at = (time: string): number => Date.parse(`2030-01-01T${time}:00+08:00`);
const KEY = "SchedulerOverdue";
const RULES_IN_FORCE = Object.fromEntries(
  Object.entries(RULES).map(([name, { severity }]) => [name, { severity, for: 0, off: false }]),
) as AlertSettings["rules"];

let server: TestRedis;
let blocking: Redis;
let simulator: Simulator;
let queue: Queue;
let sender: Sender;
let settings: AlertSettings;
let delivery: Worker | undefined;
let robot = 0;

beforeAll(async () => {
  server = await startTestRedis();
  blocking = server.redis.duplicate({ maxRetriesPerRequest: null });
  simulator = await createSimulator();
  queue = new Queue(ALERTS_QUEUE, { connection: server.redis, prefix: QUEUE_PREFIX });
  sender = createSender({ deadlineMs: 5_000, connectMs: 2_000, clock: systemClock });
});
beforeEach(async () => {
  await server.redis.flushall();
  robot += 1;
  simulator.robots.put({ type: "wecom", id: `ops-${robot}` });
  const url = secretOf(`${simulator.url}/cgi-bin/webhook/send?key=ops-${robot}`);
  settings = {
    receivers: [{ name: "ops", type: "wecom", url, language: "en", severities: ["page", "ticket"] }],
    quietHours: { from: 22 * 60, to: 8 * 60, timeZone: "Asia/Shanghai" },
    rules: RULES_IN_FORCE,
    thresholds: THRESHOLDS,
    warnings: [],
  };
});
afterEach(async () => {
  await delivery?.close();
});
afterAll(async () => {
  await queue.close();
  await sender.close();
  blocking.disconnect();
  await simulator.close();
  await server.stop();
});

/** Delivers from now on, at this time of day. */
function deliverAt(now: number): void {
  delivery = createDelivery({
    connection: blocking,
    queue,
    store: createIncidentStore(server.redis),
    settings: () => settings,
    publicUrl: undefined,
    sender,
    durations: createDurations(100),
    timeScale: 100,
    clock: { now: () => now },
    log: createLog({ name: "test", level: "silent", pretty: false }),
  });
  void delivery.run();
}

function enqueue(change: Partial<AlertJob>): Promise<Job> {
  const data: AlertJob = {
    receiver: "ops",
    rule: KEY,
    severity: "ticket",
    transition: "recovered",
    batch: `${KEY}-recovered-1`,
    at: at("21:00"),
    count: 1,
    incidents: [{ key: KEY, since: at("20:00"), endedAt: at("21:00"), facts: { overdue: 1 } }],
    ...change,
  };
  return queue.add(KEY, data, { attempts: 40, backoff: { type: ALERT_BACKOFF } });
}

const ended = (job: Job): Promise<void> =>
  eventually(async () => expect(await job.getState()).toBe("completed"), { what: "a job that is done" });
/** How each message of this test begins, oldest first. */
const told = (): string[] =>
  simulator.robots
    .messages({ type: "wecom", id: `ops-${robot}` })
    .map(({ body }) => /Urgent|Can wait|Recovered/.exec(JSON.stringify(body))?.[0] ?? "");

describe("quiet hours", () => {
  it("hold when a ticket is to be delivered: it waits for their end and no try is used; a page is sent", async () => {
    const ticket = await enqueue({});
    deliverAt(at("23:00"));
    await eventually(async () => expect(await ticket.getState()).toBe("delayed"), { what: "a ticket that waits" });
    await ended(await enqueue({ severity: "page", rule: "NoWorker" }));

    const { delay = 0, attemptsMade } = (await queue.getJob(ticket.id ?? "")) ?? {};
    expect(told()).toEqual(["Recovered"]);
    expect(Math.abs(delay - 9 * HOUR)).toBeLessThan(1_000);
    expect(attemptsMade).toBe(0);
  });

  it("do not keep a ticket by day", async () => {
    deliverAt(at("08:00"));
    await ended(await enqueue({}));

    expect(told()).toEqual(["Recovered"]);
  });
});

describe("the end of what opened", () => {
  /** A fleet whose job schedulers have stopped, or not. */
  const round = (now: number, overdue: number): Round => ({
    now,
    facts: [],
    rows: [],
    fleet: healthyFleet(now, { schedulers: { count: 1, overdue } }),
  });
  async function happen(now: number, overdue: number): Promise<void> {
    const store = createIncidentStore(server.redis);
    await createAnnounce({ store, queue, settings: () => settings, awayMs: 1, timeScale: 1 })(round(now, overdue));
  }
  const jobs = async (): Promise<{ opened: Job; recovered: Job }> => {
    const all = await queue.getJobs();
    const of = (transition: string): Job | undefined => all.find(({ data }) => data.transition === transition);
    const [opened, recovered] = [of("opened"), of("recovered")];
    if (!opened || !recovered) throw new Error("a job is missing");
    return { opened, recovered };
  };
  async function openAndEnd(from: number): Promise<{ opened: Job; recovered: Job }> {
    await happen(from, 1);
    await happen(from + 1_000, 0);
    await happen(from + 2_000, 0);
    return jobs();
  }

  it("inside quiet hours is not told, nor is its end", async () => {
    const { opened, recovered } = await openAndEnd(at("23:00"));
    expect([await opened.getState(), await recovered.getState()]).toEqual(["delayed", "delayed"]);

    await Promise.all([opened.promote(), recovered.promote()]);
    deliverAt(at("08:00"));
    await Promise.all([ended(opened), ended(recovered)]);

    expect(told()).toEqual([]);
  });

  it("waits for the message about its begin to be found over", async () => {
    const { opened, recovered } = await openAndEnd(at("23:00"));
    await recovered.promote();
    deliverAt(at("08:00"));
    await eventually(async () => expect((await queue.getJob(recovered.id ?? ""))?.attemptsStarted).toBeGreaterThan(0), {
      what: "an end that waits",
    });
    expect(await recovered.getState()).not.toBe("completed");

    await opened.promote();
    await Promise.all([ended(opened), ended(recovered)]);

    expect(told()).toEqual([]);
  });

  it("by day is told in the morning when it is over in quiet hours", async () => {
    await happen(at("21:00"), 1);
    deliverAt(at("21:00"));
    await eventually(() => expect(told()).toEqual(["Can wait"]), { what: "the begin" });
    await delivery?.close();
    await happen(at("23:00"), 0);
    await happen(at("23:01"), 0);
    const { recovered } = await jobs();

    await recovered.promote();
    deliverAt(at("08:00"));
    await ended(recovered);

    expect(told()).toEqual(["Can wait", "Recovered"]);
  });
});
