import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { type RuntimeOptions } from "@tokenkeeper/worker";
import { recordKey, type CredentialKind } from "@tokenkeeper/shared/contract";
import { eventually } from "../support/eventually.ts";
import { startWorld, type World } from "../support/world.ts";

const SCALE = 40;
const LIFE_SECONDS = 320;
const LIFE_MS = (LIFE_SECONDS * 1_000) / SCALE;
const SAMPLE_MS = 100;

let world: World;
afterEach(() => world[Symbol.asyncDispose]());

const credentials: readonly [string, CredentialKind][] = [
  ["classic", "access_token"],
  ["stable", "access_token"],
  ["stable", "jsapi_ticket"],
];

async function storedVerdict(name: string, kind: CredentialKind): Promise<string> {
  const account = world.appId(name);
  const value = await world.redis.redis.hget(recordKey({ account, kind }), "value");
  if (value === null) return "missing";
  return kind === "access_token"
    ? world.simulator.control.tokenVerdict(account, value)
    : world.simulator.control.ticketVerdict(account, "jsapi", value);
}

const alone: readonly [string, RuntimeOptions["planners"]][] = [
  ["the job schedulers of the credentials", { ticks: true, sweep: false, fallback: false }],
  ["the sweep", { ticks: false, sweep: true, fallback: false }],
  ["the timer in the process", { ticks: false, sweep: false, fallback: true }],
];

describe("freshness", () => {
  it.each(alone)("%s alone keep every credential fresh for three lifetimes", async (_name, planners) => {
    const wechat = { tokenLifeSeconds: LIFE_SECONDS, ticketLifeSeconds: LIFE_SECONDS };
    world = await startWorld({
      scale: SCALE,
      accounts: [
        { name: "classic", token: "classic", wechat },
        { name: "stable", tickets: ["jsapi"], wechat },
      ],
    });
    await world.startRuntime(planners && { planners });
    for (const [name, kind] of credentials) {
      const accepted = async (): Promise<void> => expect(await storedVerdict(name, kind)).toBe("accepted");
      await eventually(accepted, { what: `the first ${kind} of ${name}` });
    }

    const verdicts = new Map<string, number>();
    const end = performance.now() + 3 * LIFE_MS;
    while (performance.now() < end) {
      for (const [name, kind] of credentials) {
        const verdict = `${name} ${kind} ${await storedVerdict(name, kind)}`;
        verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
      }
      await sleep(SAMPLE_MS);
    }

    // WeChat gives a new ticket only when the old one has ended, so a moment passes in which nobody can have the new one.
    const ended = verdicts.get("stable jsapi_ticket expired") ?? 0;
    verdicts.delete("stable jsapi_ticket expired");
    expect(ended / (verdicts.get("stable jsapi_ticket accepted") ?? 0)).toBeLessThan(0.15);
    expect([...verdicts.keys()].toSorted()).toEqual([
      "classic access_token accepted",
      "stable access_token accepted",
      "stable jsapi_ticket accepted",
    ]);
    for (const name of ["classic", "stable"]) expect(world.fetches(name).length).toBeGreaterThanOrEqual(3);
  });
});
