import { parseTickJob, planDeduplicationId, tickSchedulerId, type Log } from "@tokenkeeper/core";
import { credentialId, type CredentialRef } from "@tokenkeeper/shared/contract";
import type { Queue } from "bullmq";
import type { Credentials } from "../credentials.ts";
import type { Registry } from "../store/registry.ts";
import { MAX_TICKS } from "./schedulers.ts";

/** What retiring works with. */
export interface RetireDeps {
  readonly registry: Registry;
  readonly credentials: Credentials;
  readonly refreshQueue: Queue;
  readonly scheduleQueue: Queue;
  readonly log: Log;
}

/**
 * Takes out of the queues and the list of accounts what was taken out of the configuration, as soon as no living worker is
 * configured for it: while a new configuration is rolled out, workers of both kinds run side by side. Values stay until
 * they expire.
 * @returns a function that looks once.
 */
export function createRetire(deps: RetireDeps): () => Promise<void> {
  const { registry, credentials, refreshQueue, scheduleQueue, log } = deps;

  /** Those that neither this worker nor another living one is configured for. */
  async function orphansAmong(refs: readonly CredentialRef[]): Promise<Set<string>> {
    const foreign = refs.filter((ref) => !credentials.find(ref)).map((ref) => credentialId(ref));
    return new Set(await registry.unclaimed(foreign));
  }

  async function retireCredentials(): Promise<void> {
    const schedulers = await scheduleQueue.getJobSchedulers(0, -1);
    const refs = schedulers.flatMap(({ template }) => parseTickJob(template?.data) ?? []);
    const orphans = await orphansAmong(refs);
    for (const ref of refs.filter((each) => orphans.has(credentialId(each)) || credentials.all.length > MAX_TICKS)) {
      await scheduleQueue.removeJobScheduler(tickSchedulerId(ref));
      if (!orphans.has(credentialId(ref))) continue;
      const planned = await refreshQueue.getDeduplicationJobId(planDeduplicationId(ref));
      // A job that runs at this moment cannot be removed; it ends by itself.
      if (planned) await refreshQueue.remove(planned).catch(() => 0);
    }
  }

  async function retireAccounts(): Promise<void> {
    const entries = (await registry.accounts()).map((entry) => {
      return { entry, refs: entry.kinds.map((kind): CredentialRef => ({ account: entry.id, kind })) };
    });
    const orphans = await orphansAmong(entries.flatMap(({ refs }) => refs));
    for (const { entry, refs } of entries) {
      if (!refs.every((ref) => orphans.has(credentialId(ref)))) continue;
      await registry.removeAccount(entry);
      log.info({ account: entry.name, id: entry.id }, "account.retired");
    }
    for (const name of await registry.removeFormerNames()) log.info({ name }, "account.former_name_retired");
  }

  return async () => {
    await retireCredentials();
    await retireAccounts();
  };
}
