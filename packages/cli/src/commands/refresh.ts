import { EXIT } from "@tokenkeeper/core";
import { answered, failedJobOf, wordOf } from "@tokenkeeper/ops";
import { credentialId, SECOND, systemClock } from "@tokenkeeper/shared/contract";
import type { Job, Queue } from "bullmq";
import { z } from "zod";
import { actorOf } from "../actor.ts";
import { byCommand } from "../by-command.ts";
import { defineCommand } from "../command.ts";
import { findCredential, KIND_WORDS } from "../find-credential.ts";
import type { Session } from "../session.ts";
import { credentialName } from "../troubles.ts";
import { checkWholeNumber } from "../whole-number.ts";

/** From one look at the job to the next, ms. */
const LOOK_EVERY = 200;

/** `refresh`: a person has a worker look at a credential. */
export const refresh = defineCommand({
  signature: "refresh <account> [kind]",
  declare: (yargs, { texts }) =>
    yargs
      .positional("account", { type: "string", demandOption: true, describe: texts.account })
      .positional("kind", { choices: KIND_WORDS, default: "access_token", describe: texts.kind })
      .option("force", { type: "boolean", default: false, describe: texts.refresh.force })
      .option("wait", { type: "boolean", default: false, describe: texts.refresh.wait })
      .option("timeout", { type: "number", requiresArg: true, default: 60, describe: texts.refresh.timeout })
      .option("json", { type: "boolean", default: false, describe: texts.json }),
  async run({ account, kind: word, force, wait, timeout, json }, session) {
    checkWholeNumber("--timeout", timeout, session.texts);
    const { entry, kind } = await findCredential(session, { account, kind: word });
    const { actions, audit, refresh: queue } = await session.fleet();
    const ref = { account: entry.id, kind };
    const act = { user: actorOf(session.io), action: force ? "force" : "refresh", target: credentialId(ref) } as const;
    const job = await audit.act(act, () => (force ? actions.force(entry, kind) : actions.refresh(entry, kind)));
    const name = credentialName({ name: entry.name, kind });
    if (!wait) {
      if (json) session.printJson({ job });
      else session.print(session.texts.refresh.asked(name, job));
      return EXIT.ok;
    }
    const ended = await waitForEnd(queue, job, timeout * SECOND);
    if (json) session.printJson(ended ? resultOf(ended) : { job });
    else session.print(ended ? wordsOf(ended, { name, session }) : session.texts.refresh.notEnded(name, timeout));
    return ended && !ended.failedReason && isWell(ended) && !(force && isUnchanged(ended)) ? EXIT.ok : EXIT.failure;
  },
});

/** @returns the job as it ended; `undefined` when it did not in time */
function waitForEnd(queue: Queue, id: string, timeoutMs: number): Promise<Job | undefined> {
  return answered(async () => {
    const deadline = systemClock.monotonic() + timeoutMs;
    for (;;) {
      const state = await queue.getJobState(id);
      if (state === "completed" || state === "failed") return (await queue.getJob(id)) as Job | undefined;
      if (systemClock.monotonic() >= deadline) return undefined;
      await systemClock.sleep(LOOK_EVERY);
    }
  });
}

/** What the board shows of a completed job, as far as it is told here. */
const result = z.looseObject({
  outcome: z.string().default("?"),
  reason: z.string().optional(),
  fingerprint: z.string().optional(),
  unchanged: z.boolean().optional(),
});

function returned({ returnvalue }: Job): z.output<typeof result> {
  return result.parse(returnvalue ?? {});
}

/** WeChat gave the same value again: nothing was forced. */
function isUnchanged(job: Job): boolean {
  return returned(job).unchanged === true;
}

/** A look that ended with a valid value in place. */
function isWell(job: Job): boolean {
  return ["refreshed", "fresh", "fenced"].includes(returned(job).outcome);
}

function resultOf(job: Job): object {
  const [failed] = job.failedReason ? failedJobOf(job) : [];
  if (!failed) return { job: job.id, ...returned(job) };
  const { code, ip, rid, sentence, remedy } = failed;
  return { job: job.id, outcome: "failed", code, ip, rid, sentence, remedy };
}

function wordsOf(job: Job, { name, session }: { name: string; session: Session }): string {
  const { texts, language, paint } = session;
  const [failed] = job.failedReason ? failedJobOf(job) : [];
  if (failed) {
    const { code, credential, sentence, remedy } = failed;
    const about = { rerun: failed.job, refresh: `${credential.account} ${credential.kind}` };
    const what = [wordOf("failed", language), code].filter(Boolean).join(" · ");
    const lines = [
      paint("bad", texts.refresh.ended(name, what)),
      `  ${byCommand(sentence[language], language, about)}`,
      remedy && `  ${texts.whatToDo}: ${byCommand(remedy[language], language, about)}`,
    ];
    return lines.filter(Boolean).join("\n");
  }
  const { outcome, reason, fingerprint, unchanged } = returned(job);
  const parts = [
    wordOf(outcome, language),
    reason !== undefined && wordOf(reason, language),
    fingerprint !== undefined && `${texts.refresh.fingerprint} ${fingerprint}`,
    unchanged === true && texts.refresh.unchanged,
  ];
  return paint(isWell(job) ? "ok" : "warn", texts.refresh.ended(name, parts.filter(Boolean).join(" · ")));
}
