import type { AccountEntry, Bilingual } from "@tokenkeeper/core";
import type { Ground } from "./ground.ts";

/** One step in words, as the document has them too. */
export interface StepText {
  /** What to do, as an order; in `backticks` the command or the page. */
  readonly what: Bilingual;
  /** What is to be seen before the next step. */
  readonly check: Bilingual;
  /** The script cannot do it: it says what to do and waits until it is seen. */
  readonly byHand?: true;
}

/** One step with what the script does in it. */
export interface Step<State> extends StepText {
  readonly act: (ground: Ground, state: State) => Promise<void>;
  /**
   * Looks whether the step has worked; asked again and again until it has.
   * @returns what is seen, in a few words.
   * @throws NotSeenError that says what is seen instead.
   */
  readonly see: (ground: Ground, state: State) => Promise<string>;
}

/** What a drill is made from. */
export interface DrillParts<State> {
  /** As on the command line. */
  readonly name: string;
  readonly title: Bilingual;
  /** Which accounts it can be carried out on. */
  readonly suits: (entry: AccountEntry) => boolean;
  /** Which accounts the apps call meanwhile: the one of the drill, or all that have a token. */
  readonly calls: "account" | "all";
  readonly begin: (ground: Ground) => Promise<State>;
  readonly steps: readonly Step<State>[];
  /** Leaves WeChat and the configuration as they were before. */
  readonly restore: (ground: Ground, state: State) => Promise<void>;
}

/** A step that is ready to be carried out. */
export interface ReadyStep extends StepText {
  readonly act: () => Promise<void>;
  readonly see: () => Promise<string>;
}

/** A drill: steps as data, carried out against a running system. */
export interface Drill extends Omit<DrillParts<unknown>, "begin" | "steps" | "restore"> {
  readonly steps: readonly StepText[];
  begin(ground: Ground): Promise<{ readonly steps: readonly ReadyStep[]; readonly restore: () => Promise<void> }>;
}

/** Makes a drill of its parts; what its steps remember of each other stays inside. */
export function defineDrill<State>(parts: DrillParts<State>): Drill {
  return {
    ...parts,
    async begin(ground) {
      const state = await parts.begin(ground);
      const steps = parts.steps.map((step) => ({
        ...step,
        act: () => step.act(ground, state),
        see: () => step.see(ground, state),
      }));
      return { steps, restore: () => parts.restore(ground, state) };
    },
  };
}

/** What was to be seen is not to be seen yet; the message says what is instead. */
export class NotSeenError extends Error {
  override readonly name: string = "NotSeenError";
}

/** What is seen is final: to look again would change nothing. */
export class FinalError extends NotSeenError {
  override readonly name = "FinalError";
}

/** @throws NotSeenError that says what is seen instead of what was to be seen. */
export function ensure(holds: boolean, instead: string): asserts holds {
  if (!holds) throw new NotSeenError(instead);
}

/** What to do, and whether a person has to, in both languages. */
export function orderOf({ what, byHand }: StepText): Bilingual {
  return byHand ? { zh: `（手动）${what.zh}`, en: `(By hand) ${what.en}` } : what;
}
