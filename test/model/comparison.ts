// The designs under the same faults, by the numbers that apps feel.
import { credentialId } from "@tokenkeeper/shared/contract";
import { seededRandom } from "../../packages/simulator/src/testing/seeded-random.ts";
import { ANYTHING } from "./assumptions.ts";
import type { Design } from "./designs.ts";
import type { Fault, Point } from "./faults.ts";
import { createWorld } from "./world.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const REFRESH_EVERY = 30 * MINUTE;
const FETCHES_A_DAY = DAY / REFRESH_EVERY;

type Kind = "crash" | "pause" | "late" | "lost_write" | "lost_reply";

/** A mix of faults: which share of the fetches each kind hits. */
export interface Mix {
  readonly name: string;
  readonly shares: Readonly<Partial<Record<Kind, number>>>;
}

/** The mixes of the table; the rates are deliberately far above reality. */
export const MIXES: readonly Mix[] = [
  { name: "26 % mixed", shares: { crash: 0.06, pause: 0.05, late: 0.05, lost_write: 0.05, lost_reply: 0.05 } },
  { name: "10 % crash", shares: { crash: 0.1 } },
  { name: "10 % pause", shares: { pause: 0.1 } },
  { name: "10 % late request", shares: { late: 0.1 } },
  { name: "10 % lost write", shares: { lost_write: 0.1 } },
];

/** What a design does under a mix. */
export interface Measured {
  readonly design: string;
  readonly mix: string;
  /** Calls refused at the first try, of 10,000. */
  readonly rejected: number;
  /** Calls that left an app with a token error, of 10,000. */
  readonly surfaced: number;
  /** The longest time for which an app met nothing but token errors, s. */
  readonly worstOutage: number;
  readonly fetchesADay: number;
}

/** How long and with how many accounts is measured. */
export interface Extent {
  readonly accounts: number;
  readonly days: number;
  readonly seed: number;
}

/** Measures one design under one mix: classic accounts, strict overlap, an app that calls every 5 s with a 30 s cache. */
export async function measure(design: Design, mix: Mix, { accounts, days, seed }: Extent): Promise<Measured> {
  const world = createWorld({
    scenario: {
      seed,
      workers: 3,
      apps: 1,
      accounts: Array.from({ length: accounts }, () => "classic" as const),
      ticket: false,
      planners: "sweep",
      refreshEvery: REFRESH_EVERY,
      tokenLife: 120 * MINUTE,
      faults: faultsOf(mix, { accounts, days, seed }),
    },
    assumptions: () => ANYTHING,
    design,
    faultsUntil: days * DAY,
  });
  await world.run(days * DAY);
  const { calls, credentials, flights } = world;
  const later = calls.filter(({ at }) => at > MINUTE);
  const per10k = (count: number): number => (count * 10_000) / later.length;
  return {
    design: design.name,
    mix: mix.name,
    rejected: per10k(later.filter(({ refusedFirst }) => refusedFirst).length),
    surfaced: per10k(later.filter(({ surfaced }) => surfaced !== undefined).length),
    worstOutage: longestOutage(later) / 1_000,
    fetchesADay: credentials.reduce((sum, credential) => sum + flights.sent(credential), 0) / (accounts * days),
  };
}

function longestOutage(
  calls: readonly { at: number; credential: Parameters<typeof credentialId>[0]; surfaced?: string }[],
): number {
  const since = new Map<string, number>();
  let longest = 0;
  for (const { at, credential, surfaced } of calls) {
    const id = credentialId(credential);
    if (surfaced === undefined) since.delete(id);
    else since.set(id, since.get(id) ?? at);
    longest = Math.max(longest, at - (since.get(id) ?? at) + (surfaced === undefined ? 0 : 5_000));
  }
  return longest;
}

function faultsOf({ shares }: Mix, { accounts, days, seed }: Extent): Fault[] {
  const random = seededRandom(seed + 1);
  return Object.entries(shares)
    .flatMap(([kind, share]) => {
      const count = Math.round(share * accounts * days * FETCHES_A_DAY);
      return Array.from({ length: count }, () => ({ after: random() * days * DAY, ...faultOf(kind as Kind, random) }));
    })
    .toSorted((one, other) => one.after - other.after);
}

const CRASH_POINTS: readonly Point[] = ["begin.done", "fetch.sent", "fetch.issued", "fetch.replied", "commit.done"];

function faultOf(kind: Kind, random: () => number): Pick<Fault, "action" | "point"> {
  switch (kind) {
    case "crash":
      return {
        point: CRASH_POINTS[Math.floor(random() * CRASH_POINTS.length)] ?? "fetch.sent",
        action: { type: "crash" },
      };
    case "pause":
      return { point: "fetch.issued", action: { type: "pause", ms: 10_000 + random() * 50_000 } };
    case "late":
      return { point: "fetch.sent", action: { type: "late", ms: 10_000 + random() * 50_000 } };
    case "lost_write":
      return { point: "commit.done", action: { type: "rollback", ms: 1_000 + random() * 1_000 } };
    case "lost_reply":
      return { point: "fetch.sent", action: { type: "lost_reply" } };
  }
}
