import { createAnswerStart, isLong } from "./answer-start.ts";
import type { TokenClient } from "./token-client.ts";
import { canReplay, createCallRule, withTokenIn, type WechatCallOptions } from "./wechat-call.ts";

/** Settings of the fetch wrapper. */
export interface WechatFetchOptions extends WechatCallOptions {
  /** What makes the requests: a `fetch` that follows the standard, such as undici's. @default the global one */
  readonly fetch?: typeof fetch;
}

/**
 * A `fetch` that puts the account's `access_token` into calls to WeChat and makes a call once more, with a newer token, when WeChat refuses the
 * first (40001, 40014, 42001).
 *
 * Calls to other hosts, and calls that bring a credential of their own (`access_token`, `secret`, … in the query), are left alone.
 * A call whose body is a stream, or a Request with a body, is sent once; a refusal is then reported and passed on. Of an answer at most 4 KiB are looked at, and only
 * while they can be WeChat's error; the rest streams as usual. A second refusal is passed on untouched.
 *
 * The returned function rejects as `fetch` does, and with TokenUnavailableError when no token can be had.
 * @param account an appid, or the name that the worker's configuration gives it.
 * @throws TokenClientUsageError when one of `origins` is none.
 */
export function createWechatFetch(
  tokens: Pick<TokenClient, "withToken">,
  account: string,
  options: WechatFetchOptions = {},
): typeof fetch {
  const { fetch: send = globalThis.fetch } = options;
  const getsToken = createCallRule(options);

  return async (input, init) => {
    const url = typeof input === "object" && "url" in input ? input.url : String(input);
    if (!URL.canParse(url) || !getsToken(new URL(url))) return send(input, init);
    const body = init?.body ?? (typeof input === "object" && "body" in input ? input.body : null);
    let response: Response | undefined;
    await tokens.withToken(
      account,
      async (token) => {
        response = await send(retarget(input, withTokenIn(url, token)), init);
        return { errcode: await refusalIn(response) };
      },
      { retry: canReplay(body) },
    );
    return response as unknown as Response;
  };
}

/** The same request to another URL. A Request is made anew by its own class: every `fetch` takes only its own. */
function retarget(input: string | URL | Request, url: string): string | Request {
  if (typeof input === "string" || input instanceof URL) return url;
  const Own = input.constructor as typeof Request;
  return new Own(url, input);
}

/** Looks at a copy of the answer's start, and leaves the answer to be read. */
async function refusalIn(response: Response): Promise<number | undefined> {
  if (!response.body || isLong(response.headers.get("content-length"))) return undefined;
  const start = createAnswerStart();
  const reader = response.clone().body?.getReader();
  try {
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      if (!start.add(part.value)) return undefined;
    }
    return start.refusal();
  } catch {
    // Whoever reads the answer meets the same error.
    return undefined;
  } finally {
    reader?.cancel().catch(() => {});
  }
}
