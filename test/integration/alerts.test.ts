// What is wrong reaches the people on call once, and once that it is over: over two workers and a dashboard, through robots that
// refuse or are down, and the death of whoever watches.
import { writeFile } from "node:fs/promises";
import { handDeduplicationId } from "@tokenkeeper/core";
import { controlKey, INCIDENTS_KEY, watchKey, type CredentialKind } from "@tokenkeeper/shared/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAlerting, ROBOT_ID, ROBOT_SECRET, TYPES, type Alerting } from "../support/alerting.ts";
import { eventually } from "../support/eventually.ts";
import { contentOf } from "../support/key-content.ts";
import { startWorld, type World, type WorkerProcess } from "../support/world.ts";

const PATIENT = { timeoutMs: 60_000 };
const ABSURD = JSON.stringify({ access_token: "short", expires_in: 0 });

/** One account for each failure class, and what is told of it. */
const PLANTED: Readonly<Record<string, readonly string[]>> = {
  transient: ["TokenMissing transient access_token", "RefreshFailing transient access_token"],
  unknown: ["TokenMissing unknown access_token", "RefreshFailing unknown access_token"],
  malformed: ["TokenMissing malformed access_token", "RefreshFailing malformed access_token"],
  cooling: ["TokenMissing cooling access_token", "CoolDown cooling access_token"],
  person: ["NeedsPerson person access_token"],
  permanent: ["PermanentFailure permanent access_token"],
  parent: ["TokenMissing parent jsapi_ticket", "RefreshFailing parent jsapi_ticket"],
  storage: ["RefreshFailing storage access_token"],
};

let world: World;
let alerting: Alerting;
/** Those that run. */
let workers: WorkerProcess[];
/** Every one that was ever started. */
const started: WorkerProcess[] = [];
let endDashboard: () => Promise<void>;
beforeAll(async () => {
  world = await startWorld({
    scale: 60,
    accounts: [
      { name: "transient" },
      { name: "unknown" },
      { name: "malformed" },
      { name: "cooling" },
      { name: "person", wechat: { whitelist: ["198.51.100.1"] } },
      { name: "permanent", wrongSecret: "deadbeefdeadbeefdeadbeefdeadbeef" },
      { name: "parent", tickets: ["jsapi"] },
      { name: "storage" },
      { name: "late" },
    ],
  });
  const { control } = world.simulator;
  const plant = (name: string, call: string, fault: object): void =>
    void control.addFault(world.appId(name), { call, fault, times: null } as never);
  plant("transient", "stable_token", { type: "errcode", errcode: -1 });
  plant("unknown", "stable_token", { type: "http_502" });
  plant("malformed", "stable_token", { type: "body", body: ABSURD });
  plant("cooling", "stable_token", { type: "errcode", errcode: 45_009 });
  plant("parent", "getticket:jsapi", { type: "errcode", errcode: 40_001 });
  alerting = await createAlerting(world);
  workers = [await startWorker(), await startWorker()];
  endDashboard = await alerting.startDashboard();
  await world.client({ waitMs: 30_000 }).getAccessToken("storage");
  // A Redis that takes no value takes no incident either: this failure is written down as the worker does it.
  await world.redis.redis.hset(controlKey(refOf("storage")), {
    failures: 1,
    failing_since: Date.now(),
    last_outcome: "storage",
    last_code: "not_stored",
    last_at: Date.now(),
    last_reason: "due",
  });
});
afterAll(async () => {
  await alerting[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

function refOf(name: string, kind: CredentialKind = "access_token"): { account: string; kind: CredentialKind } {
  return { account: world.appId(name), kind };
}

/** What a button does. */
async function ask(
  name: string,
  reason: Parameters<typeof handDeduplicationId>[1],
  kind?: CredentialKind,
): Promise<void> {
  const ref = refOf(name, kind);
  const deduplication = { id: handDeduplicationId(ref, reason) };
  await world.refreshQueue.add(`${name} · ${ref.kind}`, { ...ref, reason }, { attempts: 1, deduplication });
}

/** Its planned time has come. */
async function due(name: string): Promise<void> {
  await world.redis.redis.hset(controlKey(refOf(name)), "plan_at", Date.now() - 1);
}

/** How often each of these lines was told. */
function counts(lines: readonly string[]): Record<string, number> {
  const told = alerting.told();
  return Object.fromEntries(lines.map((line) => [line, told.filter((each) => each === line).length]));
}

const once = (lines: readonly string[]): Record<string, number> => Object.fromEntries(lines.map((line) => [line, 1]));
const all = (event: string): string[] =>
  Object.values(PLANTED)
    .flat()
    .map((line) => `${event} ${line}`);

async function startWorker(): Promise<WorkerProcess> {
  const worker = await world.startWorker(alerting.env);
  started.push(worker);
  return worker;
}

describe("alerts over two workers and a dashboard", () => {
  it("tell an incident of each failure class once, and once that it is over", async () => {
    await eventually(() => expect(counts(all("opened"))).toEqual(once(all("opened"))), {
      what: "every incident to be told",
      ...PATIENT,
    });

    const { control } = world.simulator;
    for (const name of ["transient", "unknown", "malformed", "cooling", "parent"])
      control.deleteFaults(world.appId(name));
    control.patchAccount(world.appId("person"), { whitelist: null });
    for (const { configFile } of workers)
      await writeFile(configFile, world.yaml({ wrongSecrets: false }), { mode: 0o600 });
    await ask("cooling", "quota_reset");
    for (const name of ["transient", "unknown", "malformed", "person"]) await ask(name, "operator");
    await ask("parent", "operator", "jsapi_ticket");
    await ask("storage", "forced");

    await eventually(() => expect(counts(all("recovered"))).toEqual(once(all("recovered"))), {
      what: "every recovery to be told",
      ...PATIENT,
    });
    expect(counts(all("opened"))).toEqual(once(all("opened")));
  });

  it("reach every type of receiver alike, each message once", async () => {
    await eventually(
      async () => {
        const numbers = TYPES.map((type) => alerting.taken(type).length);
        expect(numbers).toEqual(TYPES.map(() => numbers[0]));
      },
      { what: "the last deliveries", ...PATIENT },
    );
    for (const type of TYPES) {
      const bodies = alerting
        .taken(type)
        .map(({ body }) => JSON.stringify({ ...(body as object), timestamp: 0, sign: 0 }));
      expect(new Set(bodies).size).toBe(bodies.length);
    }
  });

  it("come through robots that refuse for a while or are down, once", async () => {
    const { robots, control } = world.simulator;
    robots.addFault("wecom", ROBOT_ID, { fault: { type: "answer", body: '{"errcode":-1,"errmsg":"busy"}' }, times: 2 });
    robots.addFault("dingtalk", ROBOT_ID, { fault: { type: "reset" }, times: 3 });
    robots.addFault("feishu", ROBOT_ID, { fault: { type: "answer", status: 502, body: "<html>" }, times: 1 });
    const before = Object.fromEntries(TYPES.map((type) => [type, robots.messages({ type }).length]));
    const of = (type: (typeof TYPES)[number], text: string): unknown[] =>
      alerting
        .taken(type)
        .slice(0)
        .filter(({ body, seq }) => seq > 0 && JSON.stringify(body).includes(text));
    control.patchAccount(world.appId("person"), { whitelist: ["198.51.100.1"] });
    await due("person");

    await eventually(
      () => {
        for (const type of TYPES) expect(of(type, "person").length).toBeGreaterThanOrEqual(3);
      },
      { what: "the message at every receiver", ...PATIENT },
    );

    const tries = Object.fromEntries(
      TYPES.map((type) => [type, robots.messages({ type }).length - (before[type] ?? 0)]),
    );
    expect(tries["wecom"]).toBeGreaterThanOrEqual(3);
    expect(tries["dingtalk"]).toBeGreaterThanOrEqual(4);
    control.patchAccount(world.appId("person"), { whitelist: null });
    await ask("person", "operator");
    await eventually(
      () =>
        expect(counts(["recovered NeedsPerson person access_token"])).toEqual({
          "recovered NeedsPerson person access_token": 2,
        }),
      {
        what: "the recovery",
        ...PATIENT,
      },
    );
    expect(counts(["opened NeedsPerson person access_token"])).toEqual({ "opened NeedsPerson person access_token": 2 });
  });

  it("are told once although the process that watches is killed in the middle", async () => {
    const { redis } = world.redis;
    const watcher = await eventually(
      async () => {
        const name = (await redis.get(watchKey("alerts"))) ?? "";
        if (name.startsWith("dashboard-")) await endDashboard();
        const found = workers.find(({ pid }) => name.includes(`-${pid}-`));
        if (!found) throw new Error(`${name} watches`);
        return found;
      },
      { what: "a worker that watches", ...PATIENT },
    );
    world.simulator.control.patchAccount(world.appId("late"), { whitelist: ["198.51.100.1"] });
    await due("late");
    const field = `NeedsPerson:${world.appId("late")}:access_token`;
    await eventually(async () => expect(await redis.hexists(INCIDENTS_KEY, field)).toBe(1), {
      what: "the incident",
      ...PATIENT,
    });
    await watcher.kill9();

    const line = "opened NeedsPerson late access_token";
    await eventually(() => expect(counts([line])).toEqual({ [line]: 1 }), { what: "the message", ...PATIENT });
    await eventually(async () => expect(await redis.get(watchKey("alerts"))).toMatch(/./), {
      what: "another to watch",
      ...PATIENT,
    });
    world.simulator.control.patchAccount(world.appId("late"), { whitelist: null });
    workers = workers.filter((worker) => worker !== watcher);
    await ask("late", "operator");
    const end = "recovered NeedsPerson late access_token";
    await eventually(() => expect(counts([end])).toEqual({ [end]: 1 }), { what: "the recovery", ...PATIENT });
    expect(counts([line])).toEqual({ [line]: 1 });
  });

  it("notice with the dashboard alone that no worker runs, and that one runs again", async () => {
    await endDashboard();
    await alerting.startDashboard();
    for (const worker of workers) await worker.kill9();
    await eventually(() => expect(alerting.told().at(-1)).toBe("opened NoWorker"), {
      what: "the dead fleet",
      ...PATIENT,
    });
    const before = counts(["opened NoWorker", "recovered NoWorker"]);

    workers = [await startWorker()];

    const after = {
      "opened NoWorker": before["opened NoWorker"],
      "recovered NoWorker": (before["recovered NoWorker"] ?? 0) + 1,
    };
    await eventually(() => expect(counts(Object.keys(after))).toEqual(after), { what: "the recovery", ...PATIENT });
  });

  it("leave no address and no secret of a receiver in a key, a job or a log", async () => {
    const { redis } = world.redis;
    const dumps = await Promise.all(
      (await redis.keys("*")).map(async (key) => [key, await contentOf(redis, key)] as const),
    );

    const logs = started.map((worker, index) => [`the log of worker ${index}`, worker.output()] as const);
    expect(logs).toHaveLength(3);
    for (const [, text] of logs) expect(text).toContain("worker.started");
    expect(alerting.dashboardLog()).toContain("alert.delivered");
    expect(dumps.filter(([key]) => key.startsWith("{wx}:alerts:")).length).toBeGreaterThan(10);
    for (const [place, text] of [...dumps, ...logs, ["the log of the dashboard", alerting.dashboardLog()]] as const) {
      for (const secret of [ROBOT_ID, ROBOT_SECRET]) expect(text.includes(secret), `a secret in ${place}`).toBe(false);
    }
  });
});
