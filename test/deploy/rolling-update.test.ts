// An upgrade and its rollback under load: workers of two versions side by side on one Redis, replaced one after the other.
import { afterAll, describe, expect, it } from "vitest";
import { parseRefreshJob, SWEEP_SCHEDULER_ID, tickSchedulerId } from "@tokenkeeper/core";
import { readFleet } from "@tokenkeeper/ops";
import {
  credentialId,
  recordKey,
  TICKET_KINDS,
  type CredentialRef,
  type TicketType,
} from "@tokenkeeper/shared/contract";
import type { LogEvent } from "@tokenkeeper/simulator";
import manifest from "../../packages/worker/package.json" with { type: "json" };
import { earlierVersion } from "../support/earlier-version.ts";
import { eventually } from "../support/eventually.ts";
import { startWorld, type World, type WorkerProcess, type WorldAccount } from "../support/world.ts";

/** The main branch before the issue "Operations". */
const EARLIER = "cdfcb2a40eb50a3abdf9cb84334136c4542653c6";
const earlier = await earlierVersion(EARLIER);
afterAll(() => earlier[Symbol.asyncDispose]());

const PRESENT = manifest.version;
const CALLS_PER_SECOND = 40;
/** How many refreshes are waited for between two steps, so that each mixture of versions does some work. */
const REFRESHES_A_STEP = 4;
const STEP_MS = 20_000;
const SLOTS = [0, 1, 2];
/** How long a worker may take to end, ms. */
const SHUTDOWN_MS = 10_000;
/** A scheduler whose next run lies this long back has stopped, ms. */
const LATE_MS = 10_000;

/** Lives of 14 to 26 s at 20 times the speed: everything falls due several times. WeChat's overlap is 15 s then. */
const ACCOUNTS: readonly WorldAccount[] = Array.from({ length: 12 }, (_, index) => ({
  name: `account ${index}`,
  token: index % 2 === 0 ? "classic" : "stable",
  tickets: index % 3 === 0 ? ["jsapi"] : index % 3 === 1 ? ["jsapi", "wx_card"] : [],
  wechat: { tokenLifeSeconds: 280 + index * 20, ticketLifeSeconds: 280 + ((index * 70) % 240) },
}));

interface Credential {
  readonly name: string;
  readonly ref: CredentialRef;
  readonly ticket?: TicketType;
}

interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly reason?: string;
}

/** What a worker wrote. */
function linesOf(worker: WorkerProcess): LogLine[] {
  const lines = worker.output().split("\n");
  return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as LogLine);
}

function credentialsOf(world: World): Credential[] {
  return ACCOUNTS.flatMap(({ name, tickets = [] }): Credential[] => {
    const account = world.appId(name);
    const children = tickets.map((ticket) => ({ name, ticket, ref: { account, kind: TICKET_KINDS[ticket] } }));
    return [{ name, ref: { account, kind: "access_token" } }, ...children];
  });
}

/** Apps that make business calls at a steady pace, whether or not earlier ones have ended. */
function startApps(world: World): { stop: () => Promise<{ calls: number; surfaced: readonly string[] }> } {
  const surfaced: string[] = [];
  const running = new Set<Promise<void>>();
  let calls = 0;

  async function call({ name, tickets = [] }: WorldAccount, turn: number): Promise<void> {
    try {
      const { errcode } = await world.tokens.withToken(name, (token) => world.businessCall(token));
      if (errcode) surfaced.push(`${name}: ${errcode}`);
      const ticket = tickets[turn % tickets.length];
      if (ticket !== undefined) await world.tokens.getTicket(name, ticket);
    } catch (error) {
      surfaced.push(`${name}: ${error instanceof Error ? `${error.name} ${error.message}` : typeof error}`);
    }
  }

  const timer = setInterval(() => {
    const account = ACCOUNTS[calls % ACCOUNTS.length];
    calls += 1;
    if (!account) return;
    const made = call(account, calls).finally(() => running.delete(made));
    running.add(made);
  }, 1_000 / CALLS_PER_SECOND);

  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(running);
      return { calls, surfaced };
    },
  };
}

/** Throws unless WeChat accepts what is stored, and its next refresh stands in the queue and its tick is armed. */
async function requireKept(world: World, credentials: readonly Credential[]): Promise<void> {
  const { redis, simulator, refreshQueue, scheduleQueue } = world;
  const [jobs, schedulers] = await Promise.all([
    refreshQueue.getJobs(["delayed", "waiting", "active", "prioritized"]),
    scheduleQueue.getJobSchedulers(),
  ]);
  const planned = jobs.flatMap((job) => parseRefreshJob(job?.data) ?? []).map(credentialId);
  const armed = schedulers.filter(({ next = 0 }) => next > Date.now() - LATE_MS).map(({ key }) => key);
  for (const { ref, ticket } of credentials) {
    const id = credentialId(ref);
    const value = (await redis.redis.hget(recordKey(ref), "value")) ?? "";
    const verdict = ticket
      ? simulator.control.ticketVerdict(ref.account, ticket, value)
      : simulator.control.tokenVerdict(ref.account, value);
    expect([id, verdict]).toEqual([id, "accepted"]);
    expect(planned).toContain(id);
    expect(armed).toContain(tickSchedulerId(ref));
  }
  expect(armed).toContain(SWEEP_SCHEDULER_ID);
  expect(schedulers).toHaveLength(credentials.length + 1);
}

describe(`a rolling update from ${earlier.what} to the present, and back`, () => {
  it("refuses no business call, fetches one at a time and loses no schedule", { timeout: 180_000 }, async () => {
    await using world = await startWorld({ accounts: ACCOUNTS });
    const credentials = credentialsOf(world);
    const fetches = (): LogEvent[] => ACCOUNTS.flatMap(({ name }) => world.fetches(name));
    const start = (version: string): Promise<WorkerProcess> =>
      world.startWorker({}, version === PRESENT ? undefined : earlier.root);
    const slots = await Promise.all(SLOTS.map(() => start(earlier.version)));
    const stored = async (): Promise<number> =>
      (await Promise.all(credentials.map(({ ref }) => world.redis.redis.exists(recordKey(ref))))).filter(Boolean)
        .length;
    await eventually(async () => expect(await stored()).toBe(credentials.length), {
      what: "a value of every credential",
      timeoutMs: STEP_MS,
    });
    const ended: { worker: WorkerProcess; version: string }[] = [];
    const apps = startApps(world);

    /** @returns the versions that the fleet's page shows afterwards. */
    async function replace(slot: number, { by, was }: { by: string; was: string }): Promise<string[]> {
      const worker = slots[slot];
      if (!worker) throw new Error(`no worker ${slot}`);
      const { code, tookMs } = await worker.stop();
      expect(code).toBe(0);
      expect(tookMs).toBeLessThan(SHUTDOWN_MS);
      ended.push({ worker, version: was });
      slots[slot] = await start(by);
      const from = fetches().length;
      await eventually(() => expect(fetches().length).toBeGreaterThanOrEqual(from + REFRESHES_A_STEP), {
        what: `refreshes after worker ${slot} became ${by}`,
        timeoutMs: STEP_MS,
      });
      const queues = { refresh: world.refreshQueue, schedule: world.scheduleQueue };
      const { workers } = await readFleet({ redis: world.redis.redis, ...queues }, []);
      return workers.map(({ version }) => version).toSorted();
    }

    const [old, now] = [earlier.version, PRESENT];
    const shown: string[][] = [];
    for (const [was, by] of [
      [old, now],
      [now, old],
    ] as const) {
      for (const slot of SLOTS) shown.push(await replace(slot, { was, by }));
    }
    const { calls, surfaced } = await apps.stop();

    expect(surfaced).toEqual([]);
    expect(calls).toBeGreaterThan(credentials.length * 5);
    expect(shown).toEqual([
      [now, old, old],
      [now, now, old],
      [now, now, now],
      [now, now, old],
      [now, old, old],
      [old, old, old],
    ]);
    expect(Math.max(...fetches().map(({ inFlight }) => inFlight))).toBe(1);
    await eventually(() => requireKept(world, credentials), { what: "every credential to be fresh and planned" });
    const workers = [...ended, ...slots.map((worker) => ({ worker, version: old }))];
    const lines = workers.flatMap(({ worker, version }) => linesOf(worker).map((line) => ({ ...line, version })));
    expect(lines.filter(({ level }) => ["error", "fatal"].includes(level))).toEqual([]);
    const refreshed = lines.filter(({ msg }) => msg === "credential.refreshed");
    const due = refreshed.filter(({ reason }) => reason === "due");
    expect(new Set(due.map(({ version }) => version))).toEqual(new Set([old, now]));
    // Missing at first and never again.
    const missing = refreshed.filter(({ reason }) => reason === "missing" || reason === "expired");
    expect(missing.length).toBeLessThanOrEqual(credentials.length);
  });
});
