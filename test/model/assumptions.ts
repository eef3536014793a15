// Under which faults the first promise holds: at most one value of an account is lost at a time, and what is out of order
// comes back before WeChat's overlap is over.
import type { CredentialRef } from "@tokenkeeper/shared/contract";
import type { Fault } from "./faults.ts";

/** Says of each fault whether it may strike now. */
export interface Assumptions {
  /** @param atStake classic accounts whose value the fault may lose */
  admit(action: Fault["action"], atStake: readonly string[]): boolean;
}

const MINUTE = 60_000;
/** A value that was issued and not stored is out of the world after its settling refresh; until then no other may be lost. */
const APART = 6 * MINUTE;
/** The longest that a worker waits for an answer. */
const ANSWER = 8_000;
/** WeChat's overlap: a value that another system replaced dies after it. */
const OVERLAP = 5 * MINUTE;
const FOREIGN_APART = 10 * MINUTE;

/** @param accounts ids of the classic accounts */
export function createAssumptions(now: () => number, accounts: readonly string[]): Assumptions {
  const lostAt = new Map<string, number>();
  const quiet: { from: number; until: number }[] = [];
  let outageUntil = 0;
  let foreignAt = -FOREIGN_APART;

  const mayLose = (ids: readonly string[]): boolean => ids.every((id) => now() - (lostAt.get(id) ?? -APART) >= APART);
  const lose = (ids: readonly string[], ms = 0): boolean => {
    for (const id of ids) lostAt.set(id, now() + ms);
    return true;
  };
  const silence = (from: number, until: number): boolean =>
    quiet.push({ from: now() + from, until: now() + until }) > 0;

  function outage(ms: number): boolean {
    if (now() < outageUntil + 2 * MINUTE) return false;
    outageUntil = now() + ms;
    return true;
  }

  return {
    admit(action, atStake) {
      if (quiet.some(({ from, until }) => now() >= from && now() < until)) return false;
      switch (action.type) {
        case "reset":
        case "busy":
        case "bad_gateway":
        case "drop_reply":
          return true;
        // The second fetch in a row, another system's too, ends the stored value when WeChat executes it; apps wait 3 s for the
        // answer. What is under way is not lost, but until it is here no other may be.
        case "slow":
          return mayLose(atStake) && lose(atStake, ANSWER - APART);
        case "lost_reply":
        case "hang":
        case "truncated":
        case "crash":
          return mayLose(atStake) && lose(atStake);
        // While the only worker stands still nothing is refreshed.
        case "pause":
          return mayLose(atStake) && outage(action.ms) && lose(atStake);
        case "late":
          return mayLose(atStake) && lose(atStake, action.ms + ANSWER);
        case "rollback":
        case "flush":
          return mayLose(accounts) && outage(0) && lose(accounts);
        case "unreachable":
        case "read_only":
          return mayLose(accounts) && outage(action.ms) && lose(accounts, action.ms);
        case "storm":
          return outage(action.ms);
        case "refuse_stable":
          return now() > outageUntil && silence(0, 3 * MINUTE);
        case "foreign": {
          const may = mayLose(accounts) && now() - foreignAt >= FOREIGN_APART;
          if (!may) return false;
          foreignAt = now();
          return lose(accounts) && silence(OVERLAP - MINUTE, OVERLAP + 2 * MINUTE);
        }
      }
    },
  };
}

/** No assumption at all: every fault strikes. */
export const ANYTHING: Assumptions = { admit: () => true };

/** Whether a credential's value is lost by a lost answer: only the classic endpoint issues another one each time. */
export function isAtStake({ kind }: CredentialRef, token: "classic" | "stable"): boolean {
  return kind === "access_token" && token === "classic";
}
