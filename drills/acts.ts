// What several drills do and see in the same way.
import { ensure, FinalError, type Step } from "./drill.ts";
import type { Ground } from "./ground.ts";

/** Asks for another value, as `pnpm cli refresh <account> --force` and the page do. @returns the job's id */
export function force({ keeper, account }: Pick<Ground, "keeper" | "account">): Promise<string> {
  return keeper.actions.force(account, "access_token");
}

/** @throws an error unless the job brought a value. @returns what it came to */
export async function seeRefreshed(
  { keeper, account }: Pick<Ground, "keeper" | "account">,
  jobId: string,
): Promise<string> {
  const end = await keeper.endOf(jobId);
  if (end.type === "failed") throw new FinalError(end.reason);
  const { outcome, fingerprint } = end.result as { outcome?: string; fingerprint?: string };
  ensure(outcome === "refreshed", `the job ended as ${outcome}`);
  const row = await keeper.rowOf(account.id);
  ensure(row.served, "apps have no value");
  return `fingerprint ${fingerprint}`;
}

/** @throws an error unless WeChat refuses the token for being none that is valid. */
export async function seeRefused({ wechat }: Pick<Ground, "wechat">, token: string): Promise<string> {
  const { errcode = 0 } = await wechat.businessCall(token);
  ensure(errcode !== 0, "WeChat still accepts it");
  return `errcode ${errcode}`;
}

/** @throws an error unless both apps have made calls since these counts. */
export function seeAppsAtWork({ apps }: Pick<Ground, "apps">, before: readonly number[]): string {
  const more = apps.map(({ figures }, index) => figures.accepted - (before[index] ?? 0));
  ensure(
    more.every((count) => count >= 3),
    "the apps have not called yet",
  );
  return `${more.reduce((sum, count) => sum + count, 0)} business calls accepted meanwhile`;
}

/** How many calls of each app were accepted so far. */
export function acceptedSoFar({ apps }: Pick<Ground, "apps">): number[] {
  return apps.map(({ figures }) => figures.accepted);
}

/** What a step that forces a refresh remembers. */
export interface Forcing {
  /** The job that was asked for last. */
  job: string;
  /** Fingerprint of the value before. */
  fingerprintBefore?: string | undefined;
}

async function actForce(ground: Ground, state: Forcing): Promise<void> {
  state.fingerprintBefore = (await ground.keeper.rowOf(ground.account.id)).fingerprint;
  state.job = await force(ground);
}

async function seeForced(ground: Ground, { job, fingerprintBefore }: Forcing): Promise<string> {
  const seen = await seeRefreshed(ground, job);
  const { fingerprint } = await ground.keeper.rowOf(ground.account.id);
  if (fingerprint === fingerprintBefore)
    throw new FinalError("WeChat returned the same value: force once more after 30 s");
  return seen;
}

/** Another value, whatever the stored one is worth. */
export const FORCE: Step<Forcing> = {
  what: {
    zh: "强制换新值：`pnpm cli refresh <account> --force`",
    en: "Force another value: `pnpm cli refresh <account> --force`",
  },
  check: { zh: "任务成功，指纹已变", en: "The job succeeds and the fingerprint is another one" },
  act: actForce,
  see: seeForced,
};

/** Once more: only then is the value before the first one dead for certain. */
export const FORCE_AGAIN: Step<Forcing> = {
  what: {
    zh: "再强制一次：`pnpm cli refresh <account> --force`；两次至少相隔 30 秒，按早了会自动等待",
    en: "Force once more: `pnpm cli refresh <account> --force`; the two are 30 s apart, one that is asked for sooner waits by itself",
  },
  check: { zh: "任务成功，指纹又变了", en: "The job succeeds and the fingerprint is another one again" },
  act: actForce,
  see: seeForced,
};
