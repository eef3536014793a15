import type { Log } from "@tokenkeeper/core";
import type { Response } from "express";
import type { UsageStore } from "../store/usage-store.ts";
import { REFUSALS, type RefusalWord } from "./refusal.ts";

/** What a request came to. */
export type UsageResult = "served" | "reported" | "followed" | RefusalWord;

/** Who asks, and about which account: filled in while a request is looked at. */
export interface Use {
  /** Name of the key; none when it was not known. */
  key?: string;
  /** Id of the account; none when the key may not know it. */
  account?: string;
}

/** One request, for the counters. */
export interface CountedUse extends Readonly<Use> {
  readonly result: UsageResult;
}

/** Counts requests. */
export interface Usage {
  count(use: CountedUse): void;
  /** Hands the counts on, and writes one log line for each sort of refusal. Never rejects: what Redis does not answer is handed on again, rather twice than never. */
  flush(): Promise<void>;
}

/** What counting works with. */
export interface UsageDeps {
  readonly store: UsageStore;
  /** Told each result at once. */
  readonly onUse: (result: UsageResult) => void;
  readonly log: Log;
}

const NOBODY = "-";

/** Keys, accounts and results are all of the configuration or of the code, so there are never too many counters. */
export function createUsage({ store, onUse, log }: UsageDeps): Usage {
  let counts = new Map<string, number>();
  let refusals = new Map<string, { readonly use: CountedUse; readonly times: number }>();

  function report(): void {
    for (const { use, times } of refusals.values()) log.warn({ ...use, times }, "api.refused");
    refusals = new Map();
  }

  return {
    count(use) {
      onUse(use.result);
      const field = [use.key ?? NOBODY, use.account ?? NOBODY, use.result].join("|");
      counts.set(field, (counts.get(field) ?? 0) + 1);
      if (!isRefusal(use.result)) return;
      refusals.set(field, { use, times: (refusals.get(field)?.times ?? 0) + 1 });
    },

    async flush() {
      report();
      if (counts.size === 0) return;
      const flushed = counts;
      counts = new Map();
      try {
        await store.add(flushed);
      } catch {
        for (const [field, times] of flushed) counts.set(field, (counts.get(field) ?? 0) + times);
      }
    },
  };
}

function isRefusal(result: UsageResult): result is RefusalWord {
  return Object.hasOwn(REFUSALS, result);
}

/** What is known of the request so far. */
export function useOf({ locals }: Response): Use {
  return (locals["use"] ??= {}) as Use;
}
