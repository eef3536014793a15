// Every row of the errcode table, from WeChat's answer to the board.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  CONTROL_FIELDS,
  createDurations,
  decodeControl,
  ERRCODES,
  type Control,
  type ErrcodeRow,
} from "@tokenkeeper/core";
import { controlKey, type CredentialKind } from "@tokenkeeper/shared/contract";
import { eventually } from "../support/eventually.ts";
import { startWorld, type World } from "../support/world.ts";

interface Case {
  readonly name: string;
  readonly row: ErrcodeRow;
  readonly kind: CredentialKind;
}

const cases: readonly Case[] = ERRCODES.flatMap((row) =>
  (row.on === "any" ? (["token", "ticket"] as const) : [row.on]).map((on): Case => {
    return { name: `code ${row.code} on ${on}`, row, kind: on === "token" ? "access_token" : "jsapi_ticket" };
  }),
);
const finalClasses = ["permanent", "needs_person", "cool_down"];

const SCALE = 10;
const FIRST_RECHECK_MS = createDurations(SCALE).recheckFirst;

let world: World;

beforeAll(async () => {
  world = await startWorld({ scale: SCALE, accounts: cases.map(({ name }) => ({ name, tickets: ["jsapi"] })) });
  for (const { name, row, kind } of cases) {
    const ends = finalClasses.includes(row.class);
    world.simulator.control.addFault(world.appId(name), {
      call: kind === "access_token" ? "stable_token" : "getticket:jsapi",
      fault: { type: "errcode", errcode: Number(row.code) },
      times: ends ? null : 1,
    });
  }
  await world.startRuntime();
});
afterAll(() => world[Symbol.asyncDispose]());

async function controlOf(name: string, kind: CredentialKind): Promise<Control> {
  return decodeControl(
    await world.redis.redis.hmget(controlKey({ account: world.appId(name), kind }), ...CONTROL_FIELDS),
  );
}

describe("every errcode", () => {
  it.each(cases.filter(({ row }) => finalClasses.includes(row.class)))(
    "$name ends the job with its remedy and is not tried again",
    async ({ name, row, kind }) => {
      const failed = await eventually(
        async () => {
          const jobs = await world.refreshQueue.getFailed();
          const found = jobs.filter((job) => job.name === `${name} · ${kind}`);
          expect(found).not.toHaveLength(0);
          return found.at(-1);
        },
        { what: "the failed job", timeoutMs: 20_000 },
      );

      expect(failed?.failedReason).toMatch(new RegExp(`^${row.code}\\b`));
      expect(failed?.failedReason).toContain(row.remedy.zh.split("{ip}")[0]);
      expect(failed?.failedReason).toContain(row.remedy.en.split("{ip}")[0]);
      expect(failed?.failedReason).not.toContain("\n");
      expect(failed?.attemptsMade).toBe(1);
      const { block } = await controlOf(name, kind);
      expect(block).toMatchObject({ class: row.class, code: String(row.code) });
      expect(block?.until === undefined).toBe(row.class === "permanent");
      const times = world
        .fetches(name, kind === "access_token" ? "stable_token" : "getticket:jsapi")
        .map(({ at }) => at);
      // What a busy machine gave up before the answer came is fetched again, and is no part of this.
      const endedAt = failed?.finishedOn ?? 0;
      const pauses = times.filter((at) => at > endedAt).map((at) => at - endedAt);
      const shortest = row.class === "needs_person" ? 0.9 * FIRST_RECHECK_MS : Number.MAX_SAFE_INTEGER;
      expect(Math.min(...pauses, Number.POSITIVE_INFINITY)).toBeGreaterThan(shortest);
    },
  );

  it.each(cases.filter(({ row }) => !finalClasses.includes(row.class)))(
    "$name recovers by itself",
    async ({ name, kind }) => {
      const type = kind === "access_token" ? "access_token" : "jsapi_ticket";
      await eventually(
        async () => {
          const control = await controlOf(name, type);
          expect(control.committedGeneration).toBeGreaterThan(0);
          expect(control.failures).toBe(0);
        },
        { what: "a value after the failure", timeoutMs: 30_000 },
      );
    },
  );

  it("has no failure that lets another account wait", async () => {
    for (const { name, kind } of cases.filter(({ kind: of }) => of === "jsapi_ticket")) {
      expect(`${name} ${kind} ${(await controlOf(name, "access_token")).failures}`).toBe(`${name} ${kind} 0`);
    }
  });
});
