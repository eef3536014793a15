// A client of the token HTTP API, as short as can be.
import { Agent, fetch, type Headers, type RequestInit } from "undici";
import type { World } from "../support/world.ts";

/** A thousand requests at once, but not a thousand connections: so many the server takes from everybody together. */
const agent = new Agent({ connections: 100 });

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export interface Asked {
  /** Name of the key. */
  readonly key: string;
  readonly kind?: string;
  /** Another worker's API. */
  readonly url?: string;
  /** Past the memory, as a follower asks. */
  readonly noCache?: boolean;
}

/** Reads a credential. */
export function ask(world: World, account: string, asked: Asked): Promise<ApiAnswer> {
  const { key, kind = "access_token", url = world.apiUrl, noCache = false } = asked;
  return call(`${url}/v1/accounts/${account}/credentials/${kind}`, {
    headers: { authorization: `Bearer ${world.key(key)}`, ...(noCache && { "cache-control": "no-cache" }) },
  });
}

/** Reports a value. */
export function report(
  world: World,
  account: string,
  { key, kind = "access_token", fingerprint }: Asked & { readonly fingerprint: string },
): Promise<ApiAnswer> {
  return call(`${world.apiUrl}/v1/accounts/${account}/credentials/${kind}/report`, {
    method: "POST",
    headers: { authorization: `Bearer ${world.key(key)}`, "content-type": "application/json" },
    body: JSON.stringify({ fingerprint }),
  });
}

/** Asks as a follower. @param body text as it is, all else as JSON. */
export function follow(
  world: World,
  body: unknown,
  { key, type = "application/json" }: { readonly key: string; readonly type?: string },
): Promise<ApiAnswer> {
  return call(`${world.apiUrl}/v1/follow`, {
    method: "POST",
    headers: { authorization: `Bearer ${world.key(key)}`, "content-type": type },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

/** Any call whose answer is JSON. */
export async function call(url: string, options: RequestInit = {}): Promise<ApiAnswer> {
  const response = await fetch(url, { ...options, dispatcher: agent });
  return { status: response.status, headers: response.headers, body: (await response.json()) as ApiAnswer["body"] };
}
