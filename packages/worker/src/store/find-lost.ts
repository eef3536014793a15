import { controlKey, recordKey } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import type { CommitInput } from "./credential-store.ts";
import { guard, repliesOf } from "./run-script.ts";

/** Those of the commits that are not what Redis holds: lost or followed by another. Rejects with `StorageError`. */
export type FindLost = (commits: readonly CommitInput[]) => Promise<Set<CommitInput>>;

/** Asks for all in one round trip. Whoever acts on the answer looks once more: a commit may come between the two keys. */
export function createFindLost(redis: Redis): FindLost {
  return async (commits) => {
    const pipeline = redis.pipeline();
    for (const { credential } of commits) {
      pipeline.hget(recordKey(credential), "version").hget(controlKey(credential), "committed_generation");
    }
    const held = await guard(() => repliesOf(pipeline));
    return new Set(
      commits.filter(({ generation }, at) => held[2 * at] !== generation || held[2 * at + 1] !== generation),
    );
  };
}
