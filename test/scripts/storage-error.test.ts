import { inspect } from "node:util";
import { connectRedis, createLog } from "@tokenkeeper/core";
import { systemClock } from "@tokenkeeper/shared/contract";
import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { commitPersistently } from "../../packages/worker/src/refresh/commit.ts";
import type { CommitInput } from "../../packages/worker/src/store/credential-store.ts";
import { StorageError } from "../../packages/worker/src/store/run-script.ts";
import { startTestRedis, type TestRedis } from "../support/redis.ts";
import { createStage, type Stage } from "./stage.ts";

const TOKEN = "canary_t0ken_value";

let server: TestRedis;
let connection: Redis;
let stage: Stage;
const written: string[] = [];

beforeEach(async () => {
  server = await startTestRedis();
  const log = createLog({
    name: "worker",
    level: "trace",
    pretty: false,
    destination: { write: (line) => void written.push(line) },
  });
  // The connection of a worker, with its patience.
  connection = connectRedis(server.url, { name: "test", log, use: "command" });
  stage = createStage({ redis: connection, look: server.redis });
});
afterEach(async () => {
  connection.disconnect();
  await server.stop();
  written.length = 0;
});

const refuseWrites = (): Promise<unknown> => server.redis.replicaof("127.0.0.1", "1");
const takeWrites = (): Promise<unknown> => server.redis.replicaof("NO", "ONE");
const fillMemory = (): Promise<unknown> => server.redis.config("SET", "maxmemory", "1");

describe.each<[string, () => Promise<unknown>]>([
  ["READONLY", refuseWrites],
  ["UNREACHABLE", () => server.kill9()],
])("a Redis that is %s", (code, refuse) => {
  it("gives a StorageError with that word and nothing of the command", async () => {
    // Without the worker's habit of looking for another master first.
    const plain = new Redis(server.url, { protocol: 2, maxRetriesPerRequest: 0 });
    plain.on("error", () => undefined);
    stage = createStage({ redis: plain, look: server.redis });
    const attempt = await stage.begun();
    await stage.setControl({ lease_until: 1 });
    const state = await stage.state();
    await refuse();

    const errors = [
      await caught(stage.commit(attempt, { value: TOKEN, sentAt: attempt.now })),
      await caught(stage.fail(attempt, { fields: { last_code: TOKEN } })),
      await caught(stage.begin({ state })),
      await caught(stage.store.addFailedJob(stage.credential, TOKEN)),
    ];

    plain.disconnect();
    expect(errors).toHaveLength(4);
    for (const error of errors) expectOnlyTheWord(error, code, attempt.attempt);
  });

  it("gives a StorageError on the connection of a worker too, in bounded time", async () => {
    const attempt = await stage.begun();
    await refuse();
    const from = performance.now();

    const error = await caught(stage.commit(attempt, { value: TOKEN, sentAt: attempt.now }));

    expectOnlyTheWord(error, "[A-Z]+", attempt.attempt);
    expect(performance.now() - from).toBeLessThan(6_000);
    expect(written.join("")).not.toContain(TOKEN);
  });
});

describe("a Redis whose memory is full", () => {
  it("lets no attempt begin: what cannot be stored must not be fetched", async () => {
    const state = await stage.state();
    await fillMemory();

    const error = await caught(stage.begin({ state, attempt: "a" }));

    expectOnlyTheWord(error, "OOM", "attempt-a");
    expect(await stage.control()).toEqual({});
    expect((await stage.state()).used.automatic).toBe(0);
  });

  it("still takes the value or the failure of an attempt that has begun", async () => {
    const other = createStage({ redis: connection, look: server.redis });
    const [attempt, failing] = [await stage.begun(), await other.begun()];
    await fillMemory();

    expect(await stage.commit(attempt, { value: TOKEN })).toBe("committed");
    await other.fail(failing, { fields: { retry_at: 5 } });

    expect(await stage.record()).toMatchObject({ value: TOKEN });
    expect((await other.state()).control).toMatchObject({ failures: 1, retryAt: 5 });
  });
});

describe("a commit that Redis refuses", () => {
  it("is sent again until Redis takes it, and stores the value without another fetch", async () => {
    const attempt = await stage.begun();
    await refuseWrites();
    let refused = 0;
    const store = {
      ...stage.store,
      commit: async (input: Parameters<typeof stage.store.commit>[0]) => {
        try {
          return await stage.store.commit(input);
        } catch (error) {
          refused += 1;
          if (refused === 2) await takeWrites();
          throw error;
        }
      },
    };

    const end = await commitPersistently(
      { store, clock: systemClock, retryMs: 10 },
      commitInputOf(attempt),
      systemClock.monotonic() + 10_000,
    );

    // A command that timed out may still be taken when Redis is writable again: the next one then finds it done.
    expect(["committed", "already"]).toContain(end);
    expect(refused).toBe(2);
    expect(await stage.record()).toMatchObject({ value: TOKEN, version: attempt.generation });
    expect(await stage.state()).toMatchObject({ used: { automatic: 1 }, control: { failures: 0 } });
  });

  it("survives a Redis that is killed and comes back", async () => {
    const attempt = await stage.begun();
    const input = commitInputOf(attempt);
    await server.kill9();

    const [end] = await Promise.all([
      commitPersistently(
        { store: stage.store, clock: systemClock, retryMs: 10 },
        input,
        systemClock.monotonic() + 20_000,
      ),
      server.restart(),
    ]);

    expect(end).toBe("committed");
    expect(await stage.record()).toMatchObject({ value: TOKEN });
  });

  it("gives up before the lease ends; the open intent says that a value was lost", async () => {
    const attempt = await stage.begun();
    await refuseWrites();
    const from = systemClock.monotonic();

    const end = await commitPersistently(
      { store: stage.store, clock: systemClock, retryMs: 10 },
      commitInputOf(attempt),
      from + 100,
    );

    expect(end).toBe("not_stored");
    expect(systemClock.monotonic() - from).toBeLessThan(5_000);
    expect((await stage.state()).control.intent).toEqual({ generation: Number(attempt.generation), at: attempt.now });
    expect(await stage.record()).toEqual({});
  });

  function commitInputOf(attempt: Awaited<ReturnType<Stage["begun"]>>): CommitInput {
    const at = attempt.now;
    return {
      ...attempt,
      value: TOKEN,
      fingerprint: "0123456789abcdef",
      sentAt: at,
      expiresAt: at + 7_200_000,
      planAt: at + 1_800_000,
      valueSince: at,
      reason: "due",
      durationMs: 1,
      suspect: false,
    };
  }
});

async function caught(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work;
  } catch (error) {
    return error;
  }
}

/** An error of ours that holds nothing of the command, of its keys or of the address. */
function expectOnlyTheWord(error: unknown, word: string, attempt: string): void {
  expect(error).toBeInstanceOf(StorageError);
  expect(error).toMatchObject({ code: expect.stringMatching(new RegExp(`^${word}$`)) });
  const { account } = stage.credential;
  const shown = inspect(error, { depth: 20, showHidden: true });
  expect(shown).not.toMatch(new RegExp(`canary|wx:(tok|ctl)|redis://|${account}|${attempt}`));
  expect(shown).not.toContain(new URL(server.url).password);
}
