import type { CredentialRef } from "./credential.ts";
import { fingerprint } from "./fingerprint.ts";
import type { Reader } from "./reader.ts";
import { refusedCode } from "./refusal.ts";
import type { Reports } from "./reports.ts";

/** What a business call needs. */
export interface WithTokenDeps {
  readonly reader: Reader;
  readonly reports: Reports;
}

/** A business call with the access token of a credential. */
export type WithToken = <T>(credential: CredentialRef, call: (token: string) => Promise<T>) => Promise<T>;

/**
 * Makes business calls. A token that WeChat refuses is read again past the memory; when Redis holds no other, it is reported
 * and the next one awaited; then the call is made once more. Everything else that the call comes to is passed through.
 */
export function createWithToken({ reader, reports }: WithTokenDeps): WithToken {
  async function reportAndWait(credential: CredentialRef, refused: string): Promise<string | undefined> {
    await reports.tell({ ...credential, fp: fingerprint(refused) });
    return reader.awaitOther(credential, refused);
  }

  return async (credential, call) => {
    const token = await reader.read(credential);
    const first = await settle(call, token);
    if (refusedCode(first) === undefined) return unwrap(first);
    const newer = (await reader.reread(credential, token)) ?? (await reportAndWait(credential, token));
    return newer === undefined ? unwrap(first) : call(newer);
  };
}

/** A call that throws before it returns a promise counts as one that rejects. */
async function settle<T>(call: (token: string) => Promise<T>, token: string): Promise<PromiseSettledResult<T>> {
  const [result] = await Promise.allSettled([(async () => call(token))()]);
  return result;
}

function unwrap<T>(result: PromiseSettledResult<T>): T {
  if (result.status === "fulfilled") return result.value;
  throw result.reason;
}
