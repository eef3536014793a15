import { controlKey, recordKey } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import type { CommitInput } from "./credential-store.ts";
import { createScriptRunner } from "./run-script.ts";
import { INTACT } from "./scripts.ts";

/** Those of the commits that are not what Redis holds: lost or followed by another. Rejects with `StorageError`. */
export type FindLost = (commits: readonly CommitInput[]) => Promise<Set<CommitInput>>;

/** Asks for all in one round trip. */
export function createFindLost(redis: Redis): FindLost {
  const scripts = createScriptRunner(redis);
  return async (commits) => {
    const calls = commits.map(({ credential, generation }) => ({
      keys: [recordKey(credential), controlKey(credential)],
      args: [generation],
    }));
    const replies = await scripts.runEach(INTACT, calls);
    return new Set(commits.filter((_, index) => replies[index] !== 1));
  };
}
