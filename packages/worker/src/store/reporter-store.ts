import type { ReportResult } from "@tokenkeeper/core";
import { reportersKey, type CredentialRef } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import { NOTE_REPORTER } from "./reporter-scripts.ts";
import { createScriptRunner } from "./run-script.ts";

/** Writes down that an app reported a credential, and what came of it. Rejects with `StorageError`. */
export type NoteReporter = (credential: CredentialRef, app: string, result: ReportResult) => Promise<void>;

/** So many apps are kept of a credential: those that reported it last. */
const KEPT = 10;
const TTL_SECONDS = 7 * 24 * 60 * 60;

/** One hash for each credential on a real Redis; it is gone 7 days after the last report. */
export function createNoteReporter(redis: Redis): NoteReporter {
  const scripts = createScriptRunner(redis);
  return async (credential, app, result) => {
    await scripts.run(NOTE_REPORTER, { keys: [reportersKey(credential)], args: [app, result, KEPT, TTL_SECONDS] });
  };
}
