import type { Account, Durations, Log, WorkerConfig } from "@tokenkeeper/core";
import type { Credentials } from "./credentials.ts";
import type { Planner } from "./queues/planner.ts";
import type { Schedulers } from "./queues/schedulers.ts";
import type { Registry } from "./store/registry.ts";

/** Puts the accounts of a configuration into force: makes them known, arms their schedulers, plans their refreshes. */
export interface AccountsInForce {
  /** Makes the accounts known to apps, the dashboard and the other workers. */
  publish(config: WorkerConfig): Promise<void>;
  plan(): Promise<void>;
  /** A sign of life; a Redis that has forgotten this worker is told everything again. */
  beat(): Promise<void>;
  /** Takes over a changed configuration. Where Redis and WeChat are is settled at the start. */
  replace(config: WorkerConfig): Promise<void>;
}

/** What it works with. */
export interface AccountsInForceDeps {
  readonly credentials: Credentials;
  readonly registry: Registry;
  readonly schedulers: Schedulers;
  readonly planner: Planner;
  readonly durations: Durations;
  readonly log: Log;
}

/** The accounts at the start, and again whenever the configuration changes. */
export function createAccountsInForce(deps: AccountsInForceDeps): AccountsInForce {
  const { credentials, registry, schedulers, planner, durations, log } = deps;

  let inForce: readonly Account[] = [];

  async function publish({ accounts, warnings }: WorkerConfig): Promise<void> {
    for (const warning of warnings) log.warn({ warning }, "config.warning");
    inForce = accounts;
    await makeKnown();
  }

  async function makeKnown(): Promise<void> {
    // What nobody has claimed another worker may retire: published last.
    await registry.claim(
      credentials.all.map(({ id }) => id),
      inForce.map(({ name }) => name),
    );
    await registry.beat(durations.sweep * 3);
    await registry.publishAccounts(inForce);
  }

  async function plan(): Promise<void> {
    await schedulers.arm();
    await planner.plan(credentials.all);
  }

  return {
    publish,
    plan,
    async beat() {
      if (await registry.beat(durations.sweep * 3)) await makeKnown();
    },
    async replace(config) {
      credentials.replace(config.accounts);
      await publish(config);
      await plan();
      log.info({ accounts: config.accounts.length, credentials: credentials.all.length }, "config.reloaded");
    },
  };
}
