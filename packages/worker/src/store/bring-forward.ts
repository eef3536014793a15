import { controlKey, type CredentialRef } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import { createScriptRunner } from "./run-script.ts";
import { BRING_FORWARD } from "./scripts.ts";

/**
 * Plans the next look at a credential for now: its leader has another value than the one that was committed last, whose
 * fingerprint is given. Rejects with `StorageError`.
 * @returns whether it was so; `false` when another value was committed meanwhile.
 */
export type BringForward = (credential: CredentialRef, fingerprint: string | undefined) => Promise<boolean>;

/** On a real Redis. */
export function createBringForward(redis: Redis): BringForward {
  const scripts = createScriptRunner(redis);
  return async (credential, fingerprint = "") =>
    (await scripts.run(BRING_FORWARD, { keys: [controlKey(credential)], args: [fingerprint] })) === 1;
}
