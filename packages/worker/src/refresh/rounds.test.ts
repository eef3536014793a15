import { describe, expect, it } from "vitest";
import type { Credential } from "../credentials.ts";
import { createRounds, type Rounds } from "./rounds.ts";

const EVERY = 10_000;
const HOUR = 3_600_000;

/** Time in the hand of the test. */
function createTime(now = 1_800_000_000_000) {
  return {
    clock: { now: () => now, monotonic: () => now, sleep: () => Promise.resolve() },
    pass: (ms: number) => void (now += ms),
  };
}

const fleetOf = (count: number): Credential[] =>
  Array.from({ length: count }, (_, index) => ({ id: `wx${index}:access_token` }) as Credential);

/** Looks at whom each round takes, for whom `nextAt` tells when the next look is wanted. @returns the ids of each round */
function go(
  rounds: Rounds,
  fleet: readonly Credential[],
  { times, nextAt, pass }: { times: number; nextAt: (id: string) => number | undefined; pass: (ms: number) => void },
): string[][] {
  return Array.from({ length: times }, () => {
    const round = rounds.next(fleet);
    for (const credential of round) rounds.looked(credential, nextAt(credential.id));
    pass(EVERY);
    return round.map(({ id }) => id);
  });
}

describe("rounds", () => {
  it("take everybody, every time, while they are few", () => {
    const { clock, pass } = createTime();
    const fleet = fleetOf(100);

    const taken = go(createRounds({ clock, everyMs: EVERY, most: 100 }), fleet, {
      times: 3,
      nextAt: () => clock.now() + HOUR,
      pass,
    });

    expect(taken.map((ids) => ids.length)).toEqual([100, 100, 100]);
  });

  it("take no more than so many of a large fleet, and at first everybody in turn", () => {
    const { clock, pass } = createTime();
    const fleet = fleetOf(1_000);

    const taken = go(createRounds({ clock, everyMs: EVERY, most: 100 }), fleet, {
      times: 10,
      nextAt: () => clock.now() + HOUR,
      pass,
    });

    expect(taken.map((ids) => ids.length)).toEqual(Array.from({ length: 10 }, () => 100));
    expect(new Set(taken.flat()).size).toBe(1_000);
  });

  it("take whose time has come in the very next round", () => {
    const { clock, pass } = createTime();
    const fleet = fleetOf(1_000);
    const rounds = createRounds({ clock, everyMs: EVERY, most: 100 });
    const soon = clock.now() + 25 * EVERY;
    const nextAt = (id: string): number => (id === "wx7:access_token" ? soon : clock.now() + HOUR);
    const taken = go(rounds, fleet, { times: 40, nextAt, pass });

    const rounds7 = taken.flatMap((ids, round) => (ids.includes("wx7:access_token") ? [round] : []));

    expect(rounds7).toContain(25);
  });

  it("leave room for those whose time comes also where another worker has two rounds of three", () => {
    const { clock, pass } = createTime();
    const fleet = fleetOf(1_000);
    const rounds = createRounds({ clock, everyMs: EVERY, most: 100 });
    const passThree = (ms: number): void => pass(3 * ms);
    go(rounds, fleet, { times: 20, nextAt: () => clock.now() + HOUR, pass: passThree });

    const taken = go(rounds, fleet, { times: 20, nextAt: () => clock.now() + HOUR, pass: passThree });

    const all = taken.map((ids) => ids.length);
    expect(all.reduce((sum, count) => sum + count, 0) / all.length).toBeLessThan(70);
  });

  it("take everybody again, within twice the rounds that it takes, also who wants nothing by itself", () => {
    const { clock, pass } = createTime();
    const fleet = fleetOf(1_000);
    const rounds = createRounds({ clock, everyMs: EVERY, most: 100 });
    go(rounds, fleet, { times: 10, nextAt: () => undefined, pass });

    const again = go(rounds, fleet, { times: 20, nextAt: () => undefined, pass });

    expect(new Set(again.flat()).size).toBe(1_000);
    expect(Math.max(...again.map((ids) => ids.length))).toBeLessThanOrEqual(100);
  });

  it("leave nobody out when more are due than a round takes", () => {
    const { clock, pass } = createTime();
    const fleet = fleetOf(1_000);
    const rounds = createRounds({ clock, everyMs: EVERY, most: 100 });

    const taken = go(rounds, fleet, { times: 20, nextAt: () => clock.now(), pass });

    const often = new Map(fleet.map(({ id }) => [id, taken.flat().filter((each) => each === id).length]));
    expect([...new Set(often.values())]).toEqual([2]);
  });

  it("forget who is no longer there, and take who is new at once", () => {
    const { clock, pass } = createTime();
    const rounds = createRounds({ clock, everyMs: EVERY, most: 100 });
    const nextAt = (): number => clock.now() + HOUR;
    go(rounds, fleetOf(1_000), { times: 12, nextAt, pass });
    const fleet = fleetOf(1_001).slice(5);

    const [ids = []] = go(rounds, fleet, { times: 1, nextAt, pass });

    expect(ids).toContain("wx1000:access_token");
    expect(ids).not.toContain("wx0:access_token");
  });
});
