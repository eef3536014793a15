import { EXIT } from "@tokenkeeper/core";
import { STATES, type Row, type State } from "@tokenkeeper/ops";
import { defineCommand } from "../command.ts";
import type { Session } from "../session.ts";
import { readRows } from "../read-rows.ts";
import { statusText } from "../status-text.ts";
import { byState } from "../troubles.ts";
import { watch, type Look } from "../watch.ts";

interface Question {
  readonly filter: string | undefined;
  readonly state: State | undefined;
}

/** `status`: every credential in a line. */
export const status = defineCommand({
  signature: "status [filter]",
  declare: (yargs, { texts }) =>
    yargs
      .positional("filter", { type: "string", describe: texts.status.filter })
      .option("state", { choices: STATES, describe: texts.status.state })
      .option("json", { type: "boolean", default: false, describe: texts.json })
      .option("watch", { type: "boolean", default: false, describe: texts.status.watch }),
  async run(options, session) {
    const look = (): Promise<Look> => lookOnce(options, session);
    if (options.watch) return watch(session, look);
    const { text, code } = await look();
    session.print(text);
    return code;
  },
});

async function lookOnce(question: Question & { readonly json: boolean }, session: Session): Promise<Look> {
  const { now, rows } = await readRows(await session.fleet());
  const shown = rows.filter((row) => matches(row, question)).toSorted(byState);
  const code = shown.some(({ level }) => level === "bad") ? EXIT.failure : EXIT.ok;
  const text = question.json
    ? JSON.stringify({ now, credentials: shown }, undefined, 2)
    : statusText(session, { now, shown, all: rows.length });
  return { text, code };
}

function matches({ name, account, state }: Row, question: Question): boolean {
  const part = question.filter?.toLowerCase() ?? "";
  const found = name.toLowerCase().includes(part) || account.toLowerCase().includes(part);
  return found && (question.state === undefined || state === question.state);
}
