import { systemClock } from "@tokenkeeper/shared/contract";
import type { Session } from "./session.ts";

/** By this word a shell asks for completions; what was typed follows, the program's own name first. */
const REQUEST = "--get-yargs-completions";
/** A shell waits this long at most, ms: a fleet that is away completes nothing. */
const PATIENCE = 1_000;
/** Commands whose first argument is an account. */
const TAKE_ACCOUNT = ["get", "refresh", "status"];

/**
 * The names of all accounts when a shell asks what may stand where a command takes one; `undefined`: it asks for something
 * else, or nothing.
 */
export async function accountsToComplete(args: readonly string[], session: Session): Promise<string[] | undefined> {
  const [request, , command = "", ...words] = args;
  const atAccount = request === REQUEST && TAKE_ACCOUNT.includes(command) && words.length === 1;
  if (!atAccount || words[0]?.startsWith("-")) return undefined;
  const read = async (): Promise<string[]> => {
    const accounts = await (await session.fleet()).data.accounts();
    return accounts.map(({ name }) => name);
  };
  return Promise.race([read().catch(() => []), systemClock.sleep(PATIENCE).then(() => [])]);
}
