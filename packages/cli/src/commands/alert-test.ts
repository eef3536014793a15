import { sendTestAlertFrom, type TestResult } from "@tokenkeeper/alerts";
import { EXIT } from "@tokenkeeper/core";
import { CliError } from "../cli-error.ts";
import { defineCommand } from "../command.ts";
import type { Session } from "../session.ts";

/** `alert-test`: whether the robots that the file of alerts names take a message. */
export const alertTest = defineCommand({
  signature: "alert-test",
  declare: (yargs, { texts }) => yargs.option("json", { type: "boolean", default: false, describe: texts.json }),
  async run({ json }, session) {
    const receivers = await sendTestAlertFrom(session.io.env);
    if (!receivers) throw new CliError(session.texts.alertTest.noFile, EXIT.configuration);
    if (json) session.printJson({ receivers });
    else session.print(receivers.map((result) => lineOf(result, session)).join("\n"));
    return receivers.every(({ delivered }) => delivered) ? EXIT.ok : EXIT.failure;
  },
});

function lineOf({ receiver, type, delivered, code, reason }: TestResult, { texts, language, paint }: Session): string {
  const name = `${receiver} (${type})`;
  if (delivered) return paint("ok", texts.alertTest.delivered(name));
  const why = [code, reason?.[language]].filter(Boolean).join(" · ");
  return paint("bad", texts.alertTest.refused(name, why));
}
