import { EXIT } from "@tokenkeeper/core";
import { FAILED_JOBS_KEPT, readFailedJobs, type Rerun } from "@tokenkeeper/ops";
import { credentialId } from "@tokenkeeper/shared/contract";
import { actorOf } from "../actor.ts";
import { CliError } from "../cli-error.ts";
import { defineCommand } from "../command.ts";
import { findAccount } from "../find-credential.ts";
import { createProgress } from "../progress.ts";
import type { Session } from "../session.ts";

/** `rerun`: failed jobs run again, as by the button of the page. */
export const rerun = defineCommand({
  signature: "rerun [job]",
  declare: (yargs, { texts }) =>
    yargs
      .positional("job", { type: "string", describe: texts.rerun.job })
      .option("all", { type: "boolean", default: false, describe: texts.rerun.all })
      .option("account", { type: "string", requiresArg: true, describe: texts.rerun.account })
      .option("json", { type: "boolean", default: false, describe: texts.json }),
  async run({ job, all, account, json }, session) {
    if ([job !== undefined, all, account !== undefined].filter(Boolean).length !== 1) {
      throw new CliError(session.texts.rerun.which, EXIT.usage);
    }
    const done = job === undefined ? await rerunMany(account, session) : await rerunOne(job, session);
    if (json) session.printJson(done);
    else session.print(wordsOf(done, session));
    return EXIT.ok;
  },
});

interface Done extends Rerun {
  /** Failed resets of a quota. */
  readonly left: number;
}

async function rerunOne(id: string, session: Session): Promise<Done> {
  const { actions, audit, refresh } = await session.fleet();
  const job = await refresh.getJob(id);
  const isFailed = job !== undefined && (await job.isFailed());
  if (!isFailed) throw new CliError(session.texts.rerun.notFailed, EXIT.failure);
  const act = { user: actorOf(session.io), action: "retry_job", target: `${job.name} · ${id}` } as const;
  const reran = await audit.act(
    act,
    () => actions.rerunJob(id),
    (ended) => (ended ? "done" : "failed"),
  );
  return { rerun: reran ? 1 : 0, skipped: reran ? 0 : 1, left: 0 };
}

/** @param account only its jobs; `undefined`: all */
async function rerunMany(account: string | undefined, session: Session): Promise<Done> {
  const id = account === undefined ? undefined : (await findAccount(session, account)).id;
  const fleet = await session.fleet();
  const failed = (await readFailedJobs(fleet.refresh, FAILED_JOBS_KEPT)).filter(
    ({ credential }) => id === undefined || credential.account === id,
  );
  // WeChat gives few resets a month: none of them comes along with others.
  const jobs = failed.filter(({ trigger }) => trigger !== "quota_reset");
  const left = failed.length - jobs.length;
  const credentials = [...new Set(jobs.map(({ credential }) => credentialId(credential)))];
  if (credentials.length === 0) return { rerun: 0, skipped: 0, left };
  const progress = createProgress(session.io.stderr, session.texts.rerun.progress);
  const act = { user: actorOf(session.io), action: "rerun", target: credentials } as const;
  const ids = jobs.map(({ job }) => job);
  const done = await fleet.audit
    .act(act, () => fleet.actions.rerunJobs(ids, (looked, all) => progress.step(looked, all)))
    .finally(() => progress.end());
  return { ...done, left };
}

function wordsOf({ rerun: reran, skipped, left }: Done, { texts }: Session): string {
  const sentences = [
    reran > 0 && texts.rerun.reran(reran),
    skipped > 0 && texts.rerun.skipped(skipped),
    reran > 0 && texts.rerun.where,
    left > 0 && texts.rerun.left(left),
  ];
  return sentences.filter(Boolean).join(" ") || texts.rerun.nothing;
}
