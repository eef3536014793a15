import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Condition } from "./conditions.ts";
import { incidentKey, type Incident, type Incidents, type Risk } from "./incident.ts";
import { RULE_NAMES, RULES, type Rule, type RuleSettings } from "./rules.ts";
import { announcementsOf, told, transition } from "./transition.ts";

const SUBJECT = { account: "wx1234567890abcdef", name: "shop", kind: "access_token" } as const;
const KEY = "TokenMissing:wx1234567890abcdef:access_token";
const SECOND = 1_000;

const RULES_IN_FORCE = Object.fromEntries(
  RULE_NAMES.map((rule) => [rule, { severity: RULES[rule].severity, for: 60 * SECOND, off: false }]),
) as Record<Rule, RuleSettings>;

const holds = (more: Partial<Condition> = {}): Condition => ({
  rule: "TokenMissing",
  subject: SUBJECT,
  facts: { served: false },
  explained: false,
  ...more,
});

interface Step {
  /** s */
  readonly at: number;
  readonly condition?: Condition | undefined;
  readonly accounts?: readonly string[];
  readonly off?: boolean;
}

function step(incidents: Incidents, { at, condition, accounts = [SUBJECT.account], off = false }: Step): Incidents {
  return transition({
    incidents,
    conditions: new Map(condition ? [[KEY, condition]] : []),
    now: at * SECOND,
    round: String(at),
    rules: { ...RULES_IN_FORCE, TokenMissing: { ...RULES_IN_FORCE.TokenMissing, off } },
    awayMs: 60 * SECOND,
    accounts: new Set(accounts),
  });
}

/** What is told in the course of these rounds, each `<s>: <batch>`. */
function story(steps: readonly Step[]): string[] {
  let incidents: Incidents = new Map();
  return steps.flatMap((each) => {
    incidents = step(incidents, each);
    const announced = announcementsOf(incidents).map(({ batch }) => `${each.at}: ${batch}`);
    incidents = told(incidents);
    return announced;
  });
}

describe("transition", () => {
  it.each<[string, readonly Step[], string[]]>([
    [
      "opens what held long enough and ends what was away long enough, each once",
      [
        { at: 0, condition: holds() },
        { at: 30, condition: holds() },
        { at: 60, condition: holds() },
        { at: 70, condition: holds() },
        { at: 80 },
        { at: 130 },
        { at: 140 },
        { at: 150 },
      ],
      ["60: TokenMissing-opened-60", "140: TokenMissing-recovered-140"],
    ],
    [
      "opens nothing that did not hold without a gap",
      [{ at: 0, condition: holds() }, { at: 30 }, { at: 40, condition: holds() }, { at: 70, condition: holds() }],
      [],
    ],
    [
      "goes by the begin that the facts know",
      [{ at: 100, condition: holds({ since: 40 * SECOND }) }],
      ["100: TokenMissing-opened-100"],
    ],
    [
      "does not flap: what comes back in time was not away",
      [
        { at: 0, condition: holds({ since: -60 * SECOND }) },
        { at: 10 },
        { at: 60, condition: holds() },
        { at: 70 },
        { at: 120 },
      ],
      ["0: TokenMissing-opened-0"],
    ],
    [
      "opens nothing that another incident explains, and ends nothing by it",
      [
        { at: 0, condition: holds({ explained: true, since: -60 * SECOND }) },
        { at: 10, condition: holds({ since: -60 * SECOND }) },
        { at: 20, condition: holds({ explained: true }) },
        { at: 200, condition: holds({ explained: true }) },
      ],
      ["10: TokenMissing-opened-10"],
    ],
    [
      "ends at once what is about an account that is gone",
      [
        { at: 0, condition: holds({ since: -60 * SECOND }) },
        { at: 10, accounts: [] },
      ],
      ["0: TokenMissing-opened-0", "10: TokenMissing-recovered-10"],
    ],
    [
      "ends what is open when its rule is switched off",
      [
        { at: 0, condition: holds({ since: -60 * SECOND }) },
        { at: 10, condition: holds(), off: true },
        { at: 70, condition: holds(), off: true },
      ],
      ["0: TokenMissing-opened-0", "70: TokenMissing-recovered-70"],
    ],
    [
      "opens again what came back after its end",
      [
        { at: 0, condition: holds({ since: -60 * SECOND }) },
        { at: 10 },
        { at: 70 },
        { at: 80, condition: holds() },
        { at: 140, condition: holds() },
      ],
      ["0: TokenMissing-opened-0", "70: TokenMissing-recovered-70", "140: TokenMissing-opened-140"],
    ],
  ])("%s", (_what, steps, announced) => {
    expect(story(steps)).toEqual(announced);
  });

  it("repeats what was not told under the same name until it was, and keeps the end until then", () => {
    const opened = step(new Map(), { at: 0, condition: holds({ since: -60 * SECOND }) });
    const away = step(opened, { at: 10 });
    const ended = step(away, { at: 80 });
    const later = step(ended, { at: 90, condition: holds() });

    expect(announcementsOf(later).map(({ batch }) => batch)).toEqual([
      "TokenMissing-opened-0",
      "TokenMissing-recovered-80",
    ]);
    expect(told(later).size).toBe(0);
  });

  it("makes one announcement of all that one rule opens in one round", () => {
    const keys = ["a", "b", "c"].map((account) => `TokenMissing:${account}:access_token`);
    const incidents = transition({
      incidents: new Map(),
      conditions: new Map(keys.map((key) => [key, holds({ since: 0 })])),
      now: 60 * SECOND,
      round: "r",
      rules: RULES_IN_FORCE,
      awayMs: 1,
      accounts: new Set(),
    });

    expect(announcementsOf(incidents)).toMatchObject([
      { batch: "TokenMissing-opened-r", incidents: keys.map((key) => [key, {}]) },
    ]);
  });

  it("leaves what did not change as it is, so that it is not written", () => {
    const opened = told(step(new Map(), { at: 0, condition: holds({ since: -60 * SECOND }) }));

    expect(step(opened, { at: 10, condition: holds() }).get(KEY)).toBe(opened.get(KEY));
    expect(told(opened).get(KEY)).toBe(opened.get(KEY));
  });

  it("has what is true now of what goes on, and tells it no second time", () => {
    const first = holds({ since: -60 * SECOND, facts: { code: "40164", ip: "203.0.113.7" } });
    const opened = told(step(new Map(), { at: 0, condition: first }));

    const later = step(opened, { at: 10, condition: holds({ facts: { code: "40164", ip: "203.0.113.8" } }) });
    const back = step(step(later, { at: 20 }), { at: 30, condition: first });

    expect(later.get(KEY)).toEqual({ ...opened.get(KEY), facts: { code: "40164", ip: "203.0.113.8" } });
    expect(back.get(KEY)).toEqual(opened.get(KEY));
    expect([...announcementsOf(later), ...announcementsOf(back)]).toEqual([]);
  });

  it("tells a second risk of Redis although a first one is open, and each end", () => {
    const risk = (name: Risk): [string, Condition] => {
      const found: Condition = { rule: "RedisRisk", facts: { risks: [name] }, explained: false };
      return [incidentKey(found), found];
    };
    let incidents: Incidents = new Map();
    const rounds: Risk[][] = [["policy"], ["policy", "memory"], ["memory"], [], []];
    const heard = rounds.map((risks, index) => {
      incidents = transition({
        incidents,
        conditions: new Map(risks.map(risk)),
        now: index * 60 * SECOND,
        round: String(index),
        rules: { ...RULES_IN_FORCE, RedisRisk: { severity: "page", for: 0, off: false } },
        awayMs: 60 * SECOND,
        accounts: new Set(),
      });
      const batches = announcementsOf(incidents).map(({ batch }) => batch);
      incidents = told(incidents);
      return batches;
    });

    expect(heard).toEqual([
      ["RedisRisk-opened-0-policy"],
      ["RedisRisk-opened-1-memory"],
      [],
      ["RedisRisk-recovered-3-policy"],
      ["RedisRisk-recovered-4-memory"],
    ]);
  });

  it("tells begin and end in turn, whatever happens in whatever rounds", () => {
    const rounds = fc.array(
      fc.record({
        after: fc.integer({ min: 1, max: 90 }),
        holds: fc.boolean(),
        explained: fc.boolean(),
        tells: fc.boolean(),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(rounds, (all) => {
        let incidents: Incidents = new Map<string, Incident>();
        let at = 0;
        const batches: string[] = [];
        for (const each of all) {
          at += each.after;
          const condition = each.holds ? holds({ explained: each.explained }) : undefined;
          incidents = step(incidents, { at, condition });
          for (const { batch } of announcementsOf(incidents)) if (!batches.includes(batch)) batches.push(batch);
          // A process may die before it has told.
          if (each.tells) incidents = told(incidents);
        }
        expect(batches.map((batch) => batch.split("-")[1])).toEqual(
          batches.map((_batch, index) => (index % 2 === 0 ? "opened" : "recovered")),
        );
      }),
    );
  });
});
