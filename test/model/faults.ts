// What can go wrong in a run, as data: fast-check draws it and shrinks it to the few faults that matter.
import * as fc from "fast-check";

/** A moment in the work of a worker at which a fault can strike: before something takes effect, after it, after the answer. */
export const POINTS = [
  "begin.sent",
  "begin.done",
  "fetch.sent",
  "fetch.issued",
  "fetch.replied",
  "commit.sent",
  "commit.done",
  "fail.sent",
  "fail.done",
  "report.sent",
  "report.done",
  "repair.sent",
  "repair.done",
  "look.done",
] as const;
export type Point = (typeof POINTS)[number];

/** What becomes of one call to WeChat. Durations in ms. */
export type FetchFault =
  /** The client gives up; WeChat executes the call `ms` after that. */
  | { readonly type: "late"; readonly ms: number }
  /** Executed; the connection breaks before the answer. */
  | { readonly type: "lost_reply" }
  /** Executed; the answer never comes and the connection stays. */
  | { readonly type: "hang" }
  /** Executed; the answer is cut off. */
  | { readonly type: "truncated" }
  /** The connection breaks before WeChat sees the call. */
  | { readonly type: "reset" }
  /** Not executed: errcode -1. */
  | { readonly type: "busy" }
  /** Not executed: an HTML page with status 502. */
  | { readonly type: "bad_gateway" }
  /** The answer comes just before the client would give up. */
  | { readonly type: "slow" };

/** What strikes a worker, Redis or WeChat. Durations in ms. */
export type WorldFault =
  | { readonly type: "crash" }
  | { readonly type: "pause"; readonly ms: number }
  | { readonly type: "drop_reply" }
  | { readonly type: "rollback"; readonly ms: number }
  | { readonly type: "flush" }
  | { readonly type: "unreachable"; readonly ms: number }
  | { readonly type: "read_only"; readonly ms: number }
  | { readonly type: "storm"; readonly answer: "busy" | "bad_gateway"; readonly ms: number }
  | { readonly type: "foreign" }
  | { readonly type: "refuse_stable" };

/** Strikes once: at `after` ms, or with a point the first time a worker comes by it from then on. */
export interface Fault {
  readonly after: number;
  readonly point?: Point;
  readonly action: FetchFault | WorldFault;
}

/** How a run is set up. */
export interface Scenario {
  readonly seed: number;
  readonly workers: number;
  readonly apps: number;
  /** What each account keeps. */
  readonly accounts: readonly ("classic" | "stable")[];
  readonly ticket: boolean;
  /** Who plans: both, or one alone. */
  readonly planners: "both" | "sweep" | "ticks" | "fallback";
  readonly refreshEvery: number;
  readonly tokenLife: number;
  readonly faults: readonly Fault[];
}

const MINUTE = 60_000;
/** Faults strike in this time; after it the run goes on until all must be well again. */
export const FAULTS_FROM = MINUTE;
export const FAULTS_UNTIL = 16 * MINUTE;

const ms = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
const plain = <T extends string>(...types: T[]): fc.Arbitrary<{ type: T }> =>
  fc.constantFrom(...types).map((type) => ({ type }));

const fetchFault: fc.Arbitrary<FetchFault> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant("late" as const), ms: ms(500, MINUTE) }) },
  { weight: 6, arbitrary: plain("lost_reply", "hang", "truncated", "reset", "busy", "bad_gateway", "slow") },
);

const workerFault: fc.Arbitrary<WorldFault> = fc.oneof(
  plain("crash"),
  fc.record({ type: fc.constant("pause" as const), ms: ms(200, 45_000) }),
);
const redisFault: fc.Arbitrary<WorldFault> = fc.oneof(
  { weight: 2, arbitrary: plain("drop_reply") },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("rollback" as const), ms: ms(50, 2_000) }) },
  { weight: 1, arbitrary: plain("flush") },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom("unreachable", "read_only"), ms: ms(200, 45_000) }) },
);
const wechatFault: fc.Arbitrary<WorldFault> = fc.oneof(
  { weight: 2, arbitrary: plain("foreign", "refuse_stable") },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("storm" as const),
      answer: fc.constantFrom("busy", "bad_gateway"),
      ms: ms(1_000, MINUTE),
    }),
  },
);

const after = ms(FAULTS_FROM, FAULTS_UNTIL);
/** Where a worker that stops or dies leaves a fetch behind. */
const HALFWAY: readonly Point[] = ["begin.done", "fetch.sent", "fetch.issued", "fetch.replied", "commit.sent"];
const halfwayFault: fc.Arbitrary<WorldFault> = fc.oneof(
  plain("crash"),
  fc.record({ type: fc.constant("pause" as const), ms: ms(14_000, 45_000) }),
);

const fault: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ after, point: fc.constant("fetch.sent" as const), action: fetchFault }) },
  { weight: 4, arbitrary: fc.record({ after, point: fc.constantFrom(...HALFWAY), action: halfwayFault }) },
  {
    weight: 5,
    arbitrary: fc.record({ after, point: fc.constantFrom(...POINTS), action: fc.oneof(workerFault, redisFault) }),
  },
  { weight: 3, arbitrary: fc.record({ after, action: fc.oneof(workerFault, redisFault, wechatFault) }) },
);

/** Any run. @param most faults in it */
export function scenarios(most: number): fc.Arbitrary<Scenario> {
  return fc.record({
    seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    workers: fc.constantFrom(1, 2, 2, 3),
    apps: fc.constantFrom(1, 1, 2),
    accounts: fc.constantFrom<Scenario["accounts"]>(["classic"], ["classic"], ["stable"], ["classic", "stable"]),
    ticket: fc.boolean(),
    planners: fc.constantFrom<Scenario["planners"]>("both", "both", "both", "sweep", "ticks", "fallback"),
    refreshEvery: ms(6 * MINUTE, 14 * MINUTE),
    tokenLife: ms(15 * MINUTE, 40 * MINUTE),
    faults: fc.array(fault, { minLength: most / 2, maxLength: most, size: "max" }),
  });
}
