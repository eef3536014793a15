import { createDurations, type AccountEntry, type Durations } from "@tokenkeeper/core";
import type { CredentialRef } from "@tokenkeeper/shared/contract";
import type { App } from "./apps.ts";
import type { ConfigFile } from "./config-file.ts";
import { createKeeper, type Keeper } from "./keeper.ts";
import type { RunningSystem } from "./running-system.ts";
import type { Wechat } from "./wechat.ts";

/** Where a drill takes place: a running system on a simulated WeChat, and two apps that work all the time. */
export interface Ground {
  readonly keeper: Keeper;
  readonly redisUrl: string;
  readonly wechat: Wechat;
  readonly config: ConfigFile;
  /** The account of the drill, and its access token. */
  readonly account: AccountEntry;
  readonly ref: CredentialRef;
  readonly apps: readonly [App, App];
  readonly durations: Durations;
  /** An empty Redis to move to. @throws an error when none was named. */
  newRedis(): Promise<{ readonly url: string; readonly keeper: Keeper }>;
}

/** The system is no place for a drill, or the drill needs something that was not given. */
export class NoGroundError extends Error {
  override readonly name = "NoGroundError";
}

/** Finds the account of a drill. @throws NoGroundError when this is not a training ground. */
export async function chooseAccount(
  { keeper, wechat }: { keeper: Keeper; wechat: Wechat },
  { wanted, suits }: { wanted: string | undefined; suits: (entry: AccountEntry) => boolean },
): Promise<AccountEntry> {
  const simulated = await wechat.accountIds().catch(() => {
    throw new NoGroundError("No simulator answers. Drills run against the simulator only: set WECHAT_API_BASE_URL.");
  });
  const entries = await keeper.accounts();
  const strange = entries.filter(({ id }) => !simulated.includes(id));
  if (strange.length > 0) {
    throw new NoGroundError(
      `Redis holds the account "${strange[0]?.name}", which the simulator does not know. This may be production: nothing was done.`,
    );
  }
  const served = new Set((await keeper.rows()).flatMap((row) => (row.state === "healthy" ? [row.id] : [])));
  const ready = entries.filter(({ id }) => served.has(`${id}:access_token`));
  const found = ready.find((entry) =>
    wanted === undefined ? suits(entry) : entry.name === wanted || entry.id === wanted,
  );
  if (found === undefined) {
    throw new NoGroundError(`There is no healthy account ${wanted === undefined ? "for this drill" : `"${wanted}"`}.`);
  }
  if (suits(found)) return found;
  throw new NoGroundError(
    `This drill cannot be carried out on "${found.name}"; docs/drills.md says which accounts suit.`,
  );
}

/** Puts the parts of a ground together. */
export function createGround(
  parts: Pick<Ground, "keeper" | "wechat" | "config" | "account" | "apps">,
  { redisUrl, newRedisUrl, timeScale }: Pick<RunningSystem, "redisUrl" | "newRedisUrl" | "timeScale">,
): Ground & AsyncDisposable {
  const opened: Keeper[] = [];
  return {
    ...parts,
    redisUrl,
    ref: { account: parts.account.id, kind: "access_token" },
    durations: createDurations(timeScale),
    async newRedis() {
      if (newRedisUrl === undefined) {
        throw new NoGroundError("Start an empty Redis, and name it in NEW_REDIS_URL.");
      }
      const keeper = createKeeper(newRedisUrl);
      opened.push(keeper);
      return { url: newRedisUrl, keeper };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((keeper) => keeper[Symbol.asyncDispose]()));
    },
  };
}
