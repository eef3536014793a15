import { EXIT } from "@tokenkeeper/core";
import { defineCommand } from "../command.ts";
import { tableText } from "../table.ts";

/** `accounts`: what the workers keep. */
export const accounts = defineCommand({
  signature: "accounts",
  declare: (yargs, { texts }) => yargs.option("json", { type: "boolean", default: false, describe: texts.json }),
  async run({ json }, session) {
    const entries = await (await session.fleet()).data.accounts();
    const { accounts: words, noAccounts } = session.texts;
    const head = [words.name, "appid", words.type, words.token, words.kinds];
    const cells = entries.map(({ id, name, family, token, kinds }) => [name, id, family, token, kinds.join(", ")]);
    if (json) session.printJson({ accounts: entries });
    else session.print(entries.length === 0 ? noAccounts : tableText(head, cells));
    return EXIT.ok;
  },
});
