import { EXIT } from "@tokenkeeper/core";
import { byCommand } from "../by-command.ts";
import { defineCommand } from "../command.ts";
import type { Diagnosis } from "../doctor/examine.ts";
import { examine } from "../doctor/examine.ts";
import type { FindingLevel } from "../doctor/finding.ts";
import { readFacts } from "../doctor/read-facts.ts";
import { findSimulator } from "../find-redis.ts";
import { createProgress } from "../progress.ts";
import type { Session } from "../session.ts";

/** `doctor`: what is wrong around the fleet. */
export const doctor = defineCommand({
  signature: "doctor",
  declare: (yargs, { texts }) => yargs.option("json", { type: "boolean", default: false, describe: texts.json }),
  async run({ json }, session) {
    const { io, texts } = session;
    const progress = createProgress(io.stderr, texts.doctor.progress);
    const { env, cwd, now } = io;
    const sources = { env, cwd, now, fleet: session.fleet, simulator: findSimulator(io) };
    const facts = await readFacts(sources, (done, all) => progress.step(done, all)).finally(() => progress.end());
    const diagnosis = examine(facts);
    if (json) session.printJson(diagnosis);
    else session.print(textOf(diagnosis, session));
    return diagnosis.level === "ok" ? EXIT.ok : EXIT.failure;
  },
});

const PAINTED = { ok: "ok", warning: "warn", problem: "bad" } as const;

function textOf({ checks }: Diagnosis, { texts, language, paint }: Session): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, findings }) =>
    findings.flatMap(({ level, sentence, remedy }) => {
      const named = name.padEnd(width);
      const head = level === "skipped" ? `– ${named}` : paint(PAINTED[level], named);
      return [
        `${head}  ${sentence[language]}`,
        ...(remedy ? [`  ${" ".repeat(width)}  ${texts.whatToDo}: ${byCommand(remedy[language], language)}`] : []),
      ];
    }),
  );
  const all = checks.flatMap(({ findings }) => findings);
  const count = (level: FindingLevel): number => all.filter((finding) => finding.level === level).length;
  return [...lines, "", texts.doctor.summary(count("problem"), count("warning"), checks.length)].join("\n");
}
