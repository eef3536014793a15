// The in-memory store of the model means what the Lua scripts mean: the same commands, the same replies, the same data.
import { setImmediate } from "node:timers/promises";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { beijingDate } from "@tokenkeeper/core";
import {
  controlKey,
  fingerprint,
  quotaKey,
  recordKey,
  systemClock,
  type CredentialRef,
} from "@tokenkeeper/shared/contract";
import type { Begun, CommitInput } from "../../packages/worker/src/store/credential-store.ts";
import { createRedisCredentialStore } from "../../packages/worker/src/store/redis-credential-store.ts";
import { startTestRedis, type TestRedis } from "../support/redis.ts";
import { createKeyspace } from "./keyspace.ts";
import { createMemoryStore } from "./memory-store.ts";

let server: TestRedis;
beforeAll(async () => {
  server = await startTestRedis();
});
afterAll(() => server.stop());

/** Instants differ by the time the tests take; everything else must not. */
const CLOSE_MS = 2_000;
const DAY_START = 1_600_000_000_000;

const whichAttempt = fc.integer({ min: 0, max: 3 });
const command = fc.oneof(
  fc.record({
    do: fc.constant("begin" as const),
    attempt: whichAttempt,
    leaseMs: fc.constantFrom(10_000, 15_000),
    cap: fc.constantFrom(2, 300),
    settleMs: fc.constantFrom(0, 60_000),
    byHand: fc.boolean(),
    forcedBy: fc.option(fc.constantFrom("7", "8"), { nil: undefined }),
    stale: fc.boolean(),
  }),
  fc.record({
    do: fc.constant("begin_if_due" as const),
    attempt: whichAttempt,
    cap: fc.constantFrom(2, 300),
    rememberedUse: fc.constantFrom(0, 1, 2),
  }),
  fc.record({
    do: fc.constant("commit" as const),
    attempt: whichAttempt,
    due: fc.boolean(),
    value: fc.constantFrom("one", "two"),
    settleMs: fc.constantFrom(0, 60_000),
    ended: fc.boolean(),
    later: fc.boolean(),
    suspect: fc.boolean(),
  }),
  fc.record({
    do: fc.constant("fail" as const),
    attempt: whichAttempt,
    keepIntent: fc.boolean(),
    settleMs: fc.constantFrom(0, 60_000),
    blocked: fc.boolean(),
  }),
  fc.record({
    do: fc.constant("report" as const),
    value: fc.constantFrom("one", "two"),
    spacingMs: fc.constantFrom(0, 60_000),
    cap: fc.constantFrom(1, 60),
    foreignAfterMs: fc.constantFrom(-1, 0, 600_000),
  }),
  fc.record({
    do: fc.constant("repair" as const),
    attempt: whichAttempt,
    replaced: fc.constantFrom(0, 1),
    settleMs: fc.constant(0),
    value: fc.constantFrom("one", "two"),
    ended: fc.boolean(),
    later: fc.boolean(),
    suspect: fc.boolean(),
  }),
  fc.record({
    do: fc.constant("restore_unknown" as const),
    sentAgoMs: fc.constantFrom(0, 60_000),
    settleInMs: fc.constantFrom(0, 60_000),
  }),
  fc.record({ do: fc.constantFrom("lose_record" as const, "lose_control" as const, "end_lease" as const) }),
  fc.record({ do: fc.constantFrom("add_job" as const, "remove_job" as const), job: fc.constantFrom("1", "2") }),
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** Both stores with the same history behind them. */
function createPair(account: string) {
  const credential: CredentialRef = { account, kind: "access_token" };
  const keys = createKeyspace(() => Date.now());
  const published: string[] = [];
  const memory = createMemoryStore(keys, () => published.push("rotated"));
  const real = createRedisCredentialStore(server.redis, systemClock);
  const counted = [{ credential, endpoint: "classic_token" }];
  const generations = new Map<string, [string, string]>();
  const record = recordKey(credential);
  const control = controlKey(credential);

  function commitOf(
    input: {
      attempt: number;
      value: string;
      settleMs: number;
      ended: boolean;
      later: boolean;
      suspect: boolean;
      due?: boolean;
    },
    side: 0 | 1,
  ): CommitInput {
    const attempt = `attempt${input.attempt}`;
    const at = Math.floor(Date.now() / 10_000) * 10_000 + (input.later ? 120_000 : 0);
    return {
      credential,
      attempt,
      generation: generations.get(attempt)?.[side] ?? String(1_000 + input.attempt),
      settleMs: input.settleMs,
      value: input.value,
      fingerprint: fingerprint(input.value),
      sentAt: at,
      expiresAt: input.ended ? DAY_START : at + 7_200_000,
      planAt: input.due ? DAY_START : at + 1_800_000,
      valueSince: at,
      reason: "due",
      durationMs: 5,
      suspect: input.suspect,
    };
  }

  async function run(command_: Command): Promise<[unknown, unknown]> {
    switch (command_.do) {
      case "begin": {
        const { leaseMs, cap, settleMs, byHand, forcedBy } = command_;
        const attempt = `attempt${command_.attempt}`;
        const [seen] = memory.readStates(counted, Date.now());
        const [found] = await real.readStates(counted);
        if (!seen || !found) throw new Error("no state was read");
        const base = {
          credential,
          endpoint: "classic_token",
          attempt,
          leaseMs,
          cap,
          byHand,
          rememberedUse: 0,
          settleMs,
          ...(forcedBy !== undefined && { forcedBy }),
        };
        const old = { committedGeneration: 1 };
        const stateOf = (state: typeof seen) =>
          command_.stale ? { ...state, control: { ...state.control, ...old } } : state;
        const replies: [Begun, Begun] = [
          memory.begin({ ...base, state: stateOf(seen) }),
          await real.begin({ ...base, state: stateOf(found) }),
        ];
        const [one, other] = replies;
        if (one.type === "begun" && other.type === "begun")
          generations.set(attempt, [one.generation, other.generation]);
        return replies;
      }
      case "begin_if_due": {
        const attempt = `attempt${command_.attempt}`;
        const { cap, rememberedUse } = command_;
        const offer = { credential, endpoint: "classic_token", attempt, leaseMs: 15_000, cap, rememberedUse };
        const [one, other] = [memory.beginIfDue(offer, Date.now()), await real.beginIfDue(offer)];
        if (one.begun && other.begun) generations.set(attempt, [one.begun.generation, other.begun.generation]);
        return [one, other];
      }
      case "commit":
        return [memory.commit(commitOf(command_, 0)), await real.commit(commitOf(command_, 1))];
      case "repair": {
        const rest = { replaced: command_.replaced, leaseMs: 15_000 };
        return [
          memory.repair({ commit: commitOf(command_, 0), ...rest }),
          await real.repair({ commit: commitOf(command_, 1), ...rest }),
        ];
      }
      case "fail": {
        const attempt = `attempt${command_.attempt}`;
        const fields = {
          retry_at: DAY_START,
          block_class: command_.blocked ? "cool_down" : undefined,
          last_outcome: "transient",
        };
        const input = (side: 0 | 1) => ({
          credential,
          attempt,
          generation: generations.get(attempt)?.[side] ?? "5",
          keepIntent: command_.keepIntent,
          settleMs: command_.settleMs,
          fields,
        });
        memory.fail(input(0));
        await real.fail(input(1));
        return ["", ""];
      }
      case "report": {
        const { spacingMs, cap, foreignAfterMs } = command_;
        const input = {
          credential,
          fingerprint: fingerprint(command_.value),
          now: Date.now(),
          spacingMs,
          suspectSpacingMs: 600_000,
          cap,
          foreignAfterMs,
        };
        return [memory.report(input), await real.report(input)];
      }
      case "restore_unknown": {
        const now = Math.floor(Date.now() / 10_000) * 10_000;
        const input = { credential, sentAt: now - command_.sentAgoMs, settleAt: now + command_.settleInMs };
        return [memory.restoreUnknown(input), await real.restoreUnknown(input)];
      }
      case "lose_record":
        keys.drop(record);
        return ["", await server.redis.del(record).then(() => "")];
      case "lose_control":
        keys.drop(control);
        await server.redis.del(control);
        // Without the last generation the next one is the time alone: in the same millisecond it would be the same again.
        for (const from = Date.now(); Date.now() <= from + 1;) await setImmediate();
        return ["", ""];
      case "end_lease":
        if (keys.get(control, "lease_until") !== undefined) keys.set(control, { lease_until: DAY_START });
        if (await server.redis.hexists(control, "lease_until"))
          await server.redis.hset(control, "lease_until", DAY_START);
        return ["", ""];
      case "add_job":
        memory.addFailedJob(credential, command_.job);
        return ["", await real.addFailedJob(credential, command_.job).then(() => "")];
      case "remove_job":
        memory.removeFailedJob(credential, command_.job);
        return ["", await real.removeFailedJob(credential, command_.job).then(() => "")];
    }
  }

  /** Everything that each side holds, and what the engine would read of it. */
  async function contents(): Promise<[unknown, unknown]> {
    const quota = quotaKey(account, beijingDate(Date.now()));
    const ofMemory = [record, control, quota].map((key) => keys.all(key));
    const ofRedis = await Promise.all([record, control, quota].map((key) => server.redis.hgetall(key)));
    const read = [memory.readStates(counted, Date.now()), memory.readValue(credential) ?? "none"];
    const readReal = [await real.readStates(counted), (await real.readValue(credential)) ?? "none"];
    return [
      [ofMemory, read],
      [ofRedis, readReal],
    ];
  }
  return { run, contents };
}

/** Numbers that are instants of now become the same word, others stay. */
function withoutNow(value: unknown, now = Date.now()): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutNow(item, now));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutNow(item, now)]));
  }
  const number =
    typeof value === "number" || (typeof value === "string" && /^\d{13}$/.test(value)) ? Number(value) : undefined;
  if (number === undefined || number < 1_000_000) return value;
  for (const away of [0, 15_000, 60_000, 120_000, 7_200_000, 1_800_000, 7_320_000, 1_920_000]) {
    const base = number > 1_000_000_000 ? now : 0;
    if (Math.abs(number - base - away) < CLOSE_MS + 10_000) return `now + ${away}`;
  }
  return value;
}

describe("the store of the model", () => {
  it("replies and stores as the scripts on a real Redis do", async () => {
    let accounts = 0;
    const property = fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 14 }), async (commands) => {
      const pair = createPair(`wx${String((accounts += 1)).padStart(16, "0")}`);
      for (const each of commands) {
        const [inMemory, inRedis] = await pair.run(each);
        expect({ command: each.do, reply: withoutNow(inMemory) }).toEqual({
          command: each.do,
          reply: withoutNow(inRedis),
        });
      }
      const [held, found] = await pair.contents();
      expect(withoutNow(held)).toEqual(withoutNow(found));
    });
    await fc.assert(property, { seed: 11, numRuns: 400 });
  });
});
