import { EXIT, nearestTo, type AccountEntry } from "@tokenkeeper/core";
import { CREDENTIAL_KINDS, TICKET_KINDS, type CredentialKind } from "@tokenkeeper/shared/contract";
import { CliError } from "./cli-error.ts";
import type { Session } from "./session.ts";
import { showWord } from "./show-word.ts";

/** What a kind may be called: as everywhere, or a ticket as the configuration has it. */
export const KIND_WORDS = [...CREDENTIAL_KINDS, ...Object.keys(TICKET_KINDS)] as const;

/**
 * The account of a name or appid.
 * @throws CliError when no worker keeps it. Rejects with UnavailableError while Redis does not answer.
 */
export async function findAccount({ fleet, texts }: Session, word: string): Promise<AccountEntry> {
  const accounts = await (await fleet()).data.accounts();
  const found = accounts.find(({ id, name }) => id === word || name === word);
  if (found) return found;
  if (accounts.length === 0) throw new CliError(texts.noAccounts, EXIT.failure);
  const nearest = nearestTo(
    word,
    accounts.map(({ name }) => name),
  );
  throw new CliError(`${texts.unknownAccount(showWord(word, texts), nearest)} ${texts.listAccounts}`, EXIT.failure);
}

/** The account with the kind that is meant. @throws CliError when the account has no such credential; see `findAccount` */
export async function findCredential(
  session: Session,
  { account, kind }: { account: string; kind: string },
): Promise<{ entry: AccountEntry; kind: CredentialKind }> {
  const entry = await findAccount(session, account);
  const meant = entry.kinds.find((each) => each === kind || each === new Map(Object.entries(TICKET_KINDS)).get(kind));
  if (meant) return { entry, kind: meant };
  throw new CliError(session.texts.unknownKind(entry.name, entry.kinds), EXIT.failure);
}
