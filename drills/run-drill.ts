import { setTimeout as sleep } from "node:timers/promises";
import type { Bilingual } from "@tokenkeeper/core";
import type { Figures } from "./apps.ts";
import { FinalError, NotSeenError, orderOf, type Drill, type ReadyStep } from "./drill.ts";
import { NoGroundError, type Ground } from "./ground.ts";

/** How a drill ended. */
export interface DrillEnd {
  readonly passed: boolean;
  /** Of all apps together. */
  readonly calls: Figures;
}

/** What running a drill needs beside its ground. */
export interface RunOptions {
  readonly say: (line: string) => void;
  /** How long a step may take until it is seen to have worked, ms; one by hand takes as long as the person. */
  readonly patienceMs: number;
  /** Aborted when somebody breaks the drill off; the ground is restored all the same. */
  readonly signal: AbortSignal;
}

const LOOK_EVERY_MS = 100;
const HAND_PATIENCE_MS = 30 * 60_000;

/** Carries a drill out step by step, says what it does and sees, and leaves the ground as it was. */
export async function runDrill(drill: Drill, ground: Ground, options: RunOptions): Promise<DrillEnd> {
  const { say, patienceMs, signal } = options;
  say(`${drill.name}: ${both(drill.title)}`);
  say(`  account 账号: ${ground.account.name}`);
  const { steps, restore } = await drill.begin(ground);
  let missing: string | undefined;
  try {
    missing = await carryOut(steps);
  } finally {
    await restore();
  }
  const calls = sumOf(ground.apps.map(({ figures }) => figures));
  say(
    `business calls 业务调用: ${Object.entries(calls)
      .map(([name, count]) => `${count} ${name}`)
      .join(", ")}`,
  );
  const kept = calls.accepted > 0 && calls.refused + calls.unavailable + calls.others === 0;
  if (!kept) say("FAILED: apps saw errors. 失败：业务应用遇到了错误。");
  const passed = kept && missing === undefined;
  if (passed) say("PASSED 通过");
  return { passed, calls };

  /** @returns the first mismatch. */
  async function carryOut(ready: readonly ReadyStep[]): Promise<string | undefined> {
    for (const [index, step] of ready.entries()) {
      say(`${index + 1}/${ready.length} ${both(orderOf(step))}`);
      const from = performance.now();
      try {
        await step.act();
        const seen = await until(step.see, { patienceMs: step.byHand ? HAND_PATIENCE_MS : patienceMs, signal });
        say(`    ${both(step.check)}`);
        say(`    seen after ${((performance.now() - from) / 1_000).toFixed(1)} s: ${seen}`);
      } catch (error) {
        if (error instanceof NoGroundError) throw error;
        const instead = error instanceof NotSeenError ? error.message : "Redis or WeChat did not answer";
        say(`    FAILED 失败: ${both(step.check)}\n    instead: ${instead}`);
        return instead;
      }
    }
    return undefined;
  }
}

async function until(
  see: () => Promise<string>,
  { patienceMs, signal }: Pick<RunOptions, "patienceMs" | "signal">,
): Promise<string> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      return await see();
    } catch (error) {
      if (error instanceof FinalError || performance.now() >= deadline) throw error;
    }
    if (signal.aborted) throw new FinalError("the drill was broken off");
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

function sumOf(all: readonly Figures[]): Figures {
  const sum = (name: keyof Figures): number => all.reduce((total, figures) => total + figures[name], 0);
  return { accepted: sum("accepted"), refused: sum("refused"), unavailable: sum("unavailable"), others: sum("others") };
}

/** Both languages on one line, as the welcome of `start` has them. */
export function both({ zh, en }: Bilingual): string {
  return `${zh} · ${en}`;
}
