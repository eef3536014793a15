import { array, assert, constant, constantFrom, integer, oneof, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { createStage } from "../testing/stage.ts";
import type { Reply, Stage } from "../testing/stage.ts";
import { expireAll, verdictOf } from "./line.ts";

const steps = array(
  oneof(
    record({ act: constant("pass"), seconds: integer({ min: 0, max: 4000 }) }),
    record({ act: constantFrom("classic", "stable", "force"), seconds: constant(0) }),
  ),
  { maxLength: 40 },
);

function take(stage: Stage, { act, seconds }: { act: string; seconds: number }): Reply | undefined {
  stage.pass(seconds);
  if (act === "pass") return undefined;
  const reply = act === "classic" ? stage.classic() : stage.stable(act === "force");
  return reply.errcode === 0 ? reply : undefined;
}

describe("whatever is fetched, and whenever", () => {
  it("a fetched token is accepted for at least the whole seconds that its reply tells", () => {
    assert(
      property(steps, constantFrom(1, 60, 600), (taken, scale) => {
        const stage = createStage({ tokenLength: 40 }, scale);
        return taken.every((step) => {
          const reply = take(stage, step);
          if (reply === undefined) return true;
          const { stable, classic } = stage.account().lines;
          const entry = (step.act === "classic" ? classic : stable).issued.at(-1);
          const until = stage.context().now + reply.expires_in * 1000 - 1;
          const told = reply.expires_in === 1 || (entry !== undefined && verdictOf(entry, until) === "accepted");
          return told && stage.verdict(reply.value) === "accepted";
        });
      }),
      { numRuns: 200 },
    );
  });

  it("at most two tokens of a family are accepted, and one that was refused never is again", () => {
    assert(
      property(steps, (taken) => {
        const stage = createStage({ tokenLength: 40 });
        const dead = new Set<string>();
        return taken.every((step) => {
          take(stage, step);
          const { classic, stable } = stage.account().lines;
          return [classic, stable].every(({ issued }) => {
            const accepted = issued.filter((entry) => verdictOf(entry, stage.context().now) === "accepted");
            const risen = accepted.some((entry) => dead.has(entry.fp));
            for (const entry of issued) if (!accepted.includes(entry)) dead.add(entry.fp);
            return accepted.length <= 2 && !risen;
          });
        });
      }),
      { numRuns: 200 },
    );
  });

  it("nothing of an expired line is accepted", () => {
    const stage = createStage();
    stage.classic();
    stage.classic();
    const { now } = stage.context();
    const line = expireAll(stage.account().lines.classic, now);
    expect(line.issued.map((entry) => verdictOf(entry, now))).toEqual(["expired", "expired"]);
  });
});
