// The processes of one start, and the record of them that the next start reads after a crash.
import { untilAborted } from "./abort.ts";
import { createChild, type Child } from "./child.ts";
import { identityOf } from "./process-identity.ts";
import type { ProcessPlan } from "./process-plan.ts";
import type { Addresses, Claim } from "./running-start.ts";

export interface FleetDeps {
  readonly claim: Claim;
  readonly say: (text: string) => void;
  /** Nothing is started once it is aborted. */
  readonly signal: AbortSignal;
}

export interface Fleet {
  /** Starts processes side by side and resolves when all are ready. Rejects with StartError when one cannot be. */
  run(...plans: readonly ProcessPlan[]): Promise<void>;
  /** Tells other starts that everything is ready, and where. */
  publish(addresses: Addresses): Promise<void>;
  /** Waits for a process that ends for good. Rejects with its StartError, or with the signal's reason. */
  untilEnd(): Promise<never>;
  /** Ends the processes, those that were started last first. */
  stop(): Promise<void>;
}

export function createFleet({ claim, say, signal }: FleetDeps): Fleet {
  const groups: Child[][] = [];
  let addresses: Addresses | undefined;

  async function save(): Promise<void> {
    const pids = groups.flat().flatMap((child) => child.pid() ?? []);
    const identities = await Promise.all(pids.map(identityOf));
    const children = identities.filter((identity) => identity !== undefined);
    await claim.record({ children, ...(addresses && { addresses }) });
  }

  return {
    async run(...plans) {
      signal.throwIfAborted();
      const group = plans.map((plan) => createChild(plan, { say, onSpawn: save }));
      groups.push(group);
      for (const child of group) child.start();
      await Promise.race([
        Promise.all(group.map((child) => child.ready())),
        ...group.map((child) => child.fatal),
        untilAborted(signal),
      ]);
      // A child may be ready before the record that its spawn began is written.
      await save();
    },
    async publish(ready) {
      addresses = ready;
      await save();
    },
    untilEnd: () => Promise.race([untilAborted(signal), ...groups.flat().map((child) => child.fatal)]),
    async stop() {
      for (const group of groups.toReversed()) await Promise.all(group.map((child) => child.stop()));
    },
  };
}
