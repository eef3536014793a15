import { EXIT } from "@tokenkeeper/core";
import { FAILED_JOBS_KEPT, readFailedJobs, type FailedJob } from "@tokenkeeper/ops";
import { byCommand } from "../by-command.ts";
import { defineCommand } from "../command.ts";
import { findAccount } from "../find-credential.ts";
import type { Session } from "../session.ts";
import { createTimes } from "../times.ts";
import { checkWholeNumber } from "../whole-number.ts";

/** `failed`: the jobs that wait for a person. */
export const failed = defineCommand({
  signature: "failed",
  declare: (yargs, { texts }) =>
    yargs
      .option("account", { type: "string", requiresArg: true, describe: texts.failed.account })
      .option("most", { type: "number", requiresArg: true, default: 50, describe: texts.failed.most })
      .option("json", { type: "boolean", default: false, describe: texts.json }),
  async run({ account, most, json }, session) {
    checkWholeNumber("--most", most, session.texts);
    const id = account === undefined ? undefined : (await findAccount(session, account)).id;
    const { refresh } = await session.fleet();
    const all = (await readFailedJobs(refresh, FAILED_JOBS_KEPT)).filter(
      ({ credential }) => id === undefined || credential.account === id,
    );
    const jobs = all.slice(0, most);
    if (json) session.printJson({ jobs, all: all.length });
    else session.print(textOf(jobs, { all: all.length, session }));
    return all.length === 0 ? EXIT.ok : EXIT.failure;
  },
});

function textOf(jobs: readonly FailedJob[], { all, session }: { all: number; session: Session }): string {
  const { texts, language, paint } = session;
  if (all === 0) return texts.failed.none;
  const times = createTimes(session, session.io.now());
  const blocks = jobs.map(({ job, name, credential, at, code, ip, rid, sentence, remedy }) => {
    const about = { rerun: job, refresh: `${credential.account} ${credential.kind}` };
    const facts = [times.ago(at), `${texts.failed.job} ${job}`, code, ip && `ip ${ip}`, rid && `rid ${rid}`];
    const lines = [
      `${paint("bad", name)} · ${facts.filter(Boolean).join(" · ")}`,
      `  ${byCommand(sentence[language], language, about)}`,
      remedy && `  ${texts.whatToDo}: ${byCommand(remedy[language], language, about)}`,
    ];
    return lines.filter(Boolean).join("\n");
  });
  const more = all > jobs.length ? [texts.failed.shown(jobs.length, all)] : [];
  return [...blocks, ...more].join("\n\n");
}
