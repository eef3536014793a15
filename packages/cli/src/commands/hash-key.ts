import { API_KEY_PATTERN, apiKeyHash, describeApiKey, EXIT, newApiKey } from "@tokenkeeper/core";
import { CliError } from "../cli-error.ts";
import { defineCommand, hasMoreWords } from "../command.ts";

/** Bytes that are read: more is no key. */
const MOST = 1_024;

/** `hash-key`: a key of the token HTTP API with its hash, or the hash of one that is piped in. */
export const hashKey = defineCommand({
  signature: "hash-key",
  declare: (yargs, { texts }) =>
    yargs.strict(false).option("stdin", { type: "boolean", default: false, describe: texts.hashKey.stdin }),
  async run({ stdin, ...options }, { io, texts, language, print }) {
    if (hasMoreWords(options)) throw new CliError(texts.hashKey.argument, EXIT.usage);
    if (!stdin) {
      print(describeApiKey(newApiKey(), language).trimEnd());
      return EXIT.ok;
    }
    const key = (await readAll(io.stdin)).trim();
    if (!API_KEY_PATTERN.test(key)) throw new CliError(texts.hashKey.refused, EXIT.failure);
    print(apiKeyHash(key));
    return EXIT.ok;
  },
});

async function readAll(input: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of input) {
    text += String(chunk);
    if (text.length > MOST) break;
  }
  return text;
}
