import { EXIT } from "@tokenkeeper/core";
import { answered, rowOf, STATE_WORDS, type Row } from "@tokenkeeper/ops";
import { decodeRecord, RECORD_FIELDS, recordKey, type CredentialRef } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import { CliError } from "../cli-error.ts";
import { defineCommand } from "../command.ts";
import { findCredential, KIND_WORDS } from "../find-credential.ts";
import type { Session } from "../session.ts";
import { createTimes } from "../times.ts";
import { credentialName } from "../troubles.ts";

/** `get`: one credential; its value alone and only when that is asked for. */
export const get = defineCommand({
  signature: "get <account> [kind]",
  declare: (yargs, { texts }) =>
    yargs
      .positional("account", { type: "string", demandOption: true, describe: texts.account })
      .positional("kind", { choices: KIND_WORDS, default: "access_token", describe: texts.kind })
      .option("reveal", { type: "boolean", default: false, describe: texts.get.reveal })
      .option("json", { type: "boolean", default: false, describe: texts.json }),
  async run({ account, kind: word, reveal, json }, session) {
    if (reveal && json) throw new CliError(session.texts.get.revealAlone, EXIT.usage);
    const { entry, kind } = await findCredential(session, { account, kind: word });
    const { redis, data } = await session.fleet();
    const facts = (await data.facts([entry])).find((each) => each.kind === kind);
    const row = facts && rowOf(facts);
    if (!facts || !row?.served) {
      const { sentence } = STATE_WORDS[row?.state ?? "missing"];
      const missing = session.texts.get.noValue(credentialName({ name: entry.name, kind }));
      throw new CliError(`${missing} ${sentence[session.language]}`, EXIT.failure);
    }
    const ref = { account: entry.id, kind };
    if (reveal) session.print(await readValue(redis, ref, session));
    else show({ row, now: facts.now, version: await readVersion(redis, ref) }, { json, session });
    return EXIT.ok;
  },
});

/** @throws CliError when there is no whole record, or this Redis user may not read it. */
async function readValue(redis: Redis, ref: CredentialRef, { texts }: Session): Promise<string> {
  const fields = await redis.hmget(recordKey(ref), ...RECORD_FIELDS).catch((error: Error) => {
    if (error.message.startsWith("NOPERM")) throw new CliError(texts.get.unreadable, EXIT.failure);
    return answered(() => Promise.reject(error));
  });
  const record = decodeRecord(fields);
  if (!record) throw new CliError(texts.get.noValue(`${ref.account} · ${ref.kind}`), EXIT.failure);
  return record.value;
}

/** Without rights to the record there is none to show. */
function readVersion(redis: Redis, ref: CredentialRef): Promise<string | undefined> {
  return redis.hget(recordKey(ref), "version").then(
    (version) => version ?? undefined,
    () => undefined,
  );
}

interface Seen {
  readonly row: Row;
  readonly now: number;
  readonly version: string | undefined;
}

function show({ row, now, version }: Seen, { json, session }: { json: boolean; session: Session }): void {
  const { texts, language, paint } = session;
  const { account, name, kind, state, level, fingerprint, issuedAt, expiresAt = now } = row;
  if (json) {
    const lifeLeftMs = expiresAt - now;
    session.printJson({ account, name, kind, state, fingerprint, version, issuedAt, expiresAt, lifeLeftMs });
    return;
  }
  const lines = [
    [texts.credential, credentialName(row)],
    ["appid", account],
    [texts.state, paint(level, STATE_WORDS[state].word[language])],
    [texts.get.fingerprint, fingerprint ?? "–"],
    [texts.lifeLeft, createTimes(session, now).span(expiresAt - now)],
    [texts.get.expires, new Date(expiresAt).toISOString()],
    [texts.get.version, version ?? "–"],
  ];
  session.print(lines.map(([label, text]) => `${label}: ${text}`).join("\n"));
}
