import type { CredentialRef } from "./credential.ts";
import { fingerprint } from "./fingerprint.ts";
import type { TokenMetrics } from "./metrics.ts";
import type { Reader } from "./reader.ts";
import { refusedCode } from "./refusal.ts";
import type { Reports } from "./reports.ts";

/** What a business call needs. */
export interface WithTokenDeps {
  readonly reader: Reader;
  readonly reports: Reports;
  readonly metrics?: TokenMetrics;
}

/** How a business call is made. */
export interface WithTokenOptions {
  /** `false` for a call that cannot be made twice: a refusal is reported and passed through. @default true */
  readonly retry?: boolean;
}

/** A business call with the access token of a credential. */
export type WithToken = <T>(
  credential: CredentialRef,
  call: (token: string) => T | Promise<T>,
  options?: WithTokenOptions,
) => Promise<T>;

/**
 * Makes business calls. A token that WeChat refuses is read again past the memory; when Redis holds no other, it is reported
 * and the next one awaited; then the call is made once more. Everything else that the call comes to is passed through.
 */
export function createWithToken({ reader, reports, metrics = {} }: WithTokenDeps): WithToken {
  /** Reports the token, unless Redis already holds another, which is returned. */
  async function rereadOrReport(credential: CredentialRef, refused: string): Promise<string | undefined> {
    const newer = await reader.reread(credential, refused);
    if (newer === undefined) await reports.tell({ ...credential, fp: fingerprint(refused) });
    return newer;
  }

  async function attempt<T>(credential: CredentialRef, call: () => T | Promise<T>): Promise<Attempt<T>> {
    // A call that throws before it returns a promise counts as one that rejects.
    const [result] = await Promise.allSettled([(async () => call())()]);
    const errcode = refusedCode(result);
    if (errcode !== undefined) metrics.refusal?.({ ...credential, errcode });
    return { result, errcode };
  }

  return async (credential, call, { retry = true } = {}) => {
    const token = await reader.read(credential);
    let last = await attempt(credential, () => call(token));
    if (last.errcode !== undefined) {
      const there = await rereadOrReport(credential, token);
      const newer = there ?? (retry ? await reader.awaitOther(credential, token) : undefined);
      if (retry && newer !== undefined) last = await attempt(credential, () => call(newer));
    }
    if (last.errcode !== undefined) metrics.surfaced?.({ ...credential, errcode: last.errcode });
    if (last.result.status === "rejected") throw last.result.reason;
    return last.result.value;
  };
}

interface Attempt<T> {
  readonly result: PromiseSettledResult<T>;
  readonly errcode: number | undefined;
}
