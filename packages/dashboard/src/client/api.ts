import type { CredentialKind } from "@tokenkeeper/shared/contract";
import { t } from "./preferences.ts";

/** The server refused, or could not be asked. The message is for the reader. */
export class ApiError extends Error {
  override readonly name = "ApiError";
}

/** Names a credential. */
export interface Ref {
  readonly account: string;
  readonly kind: CredentialKind;
}

/** Path of a credential's own page. */
export function pagePath({ account, kind }: Ref): string {
  return `/credentials/${account}/${kind}`;
}

/** Reads JSON. Rejects with ApiError. */
export function read<T>(path: string): Promise<T> {
  return request<T>(path, {});
}

/** Does something. Rejects with ApiError. */
export function act<T>(path: string, body?: object): Promise<T> {
  const json = body && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  return request<T>(path, { method: "POST", ...json });
}

async function request<T>(path: string, init: RequestInit): Promise<T> {
  const response = await fetch(path, init).catch(() => {
    throw new ApiError(t().unreachable);
  });
  if (response.ok && !response.redirected) return (await response.json()) as T;
  if (response.status === 401 || response.redirected) throw new ApiError(t().signedOut);
  const { error } = (await response.json().catch(() => ({}))) as { error?: string };
  throw new ApiError(error ?? `${t().refused} (${response.status})`);
}
