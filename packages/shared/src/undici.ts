import type { Dispatcher } from "undici";
import { TokenClientUsageError } from "./errors.ts";
import type { TokenClient } from "./token-client.ts";
import { dispatchAttempt } from "./undici-attempt.ts";
import { canReplay, createCallRule, withTokenIn, type WechatCallOptions } from "./wechat-call.ts";

export type { WechatCallOptions } from "./wechat-call.ts";

/** An interceptor for `compose`; undici 8 also tells it the origin that a Client or Pool is for, `null` for several. */
export type WechatTokenInterceptor = (
  dispatch: Dispatcher["dispatch"],
  clientOrigin?: string | null,
) => Dispatcher["dispatch"];

/**
 * An interceptor for undici 7 and 8 that puts the account's `access_token` into calls to WeChat and makes a call once more, with a newer
 * token, when WeChat refuses the first (40001, 40014, 42001): `agent.compose(wechatToken(tokens, "shop"))`.
 *
 * Calls to other hosts, and calls that bring a credential of their own (`access_token`, `secret`, … in the query), are left alone.
 * A request whose body is a stream or an iterator is sent once; a refusal is then reported and passed on. Answers that cannot be WeChat's error (longer than
 * 4 KiB, or not beginning with `{`) are streamed through as they come. A second refusal is passed on untouched.
 *
 * Requests fail with TokenUnavailableError when no token can be had, and, with a Client or Pool of undici 7, with TokenClientUsageError when they do
 * not name their `origin`.
 * @param account an appid, or the name that the worker's configuration gives it.
 * @throws TokenClientUsageError when one of `origins` is none.
 */
export function wechatToken(
  tokens: Pick<TokenClient, "withToken">,
  account: string,
  options: WechatCallOptions = {},
): WechatTokenInterceptor {
  const getsToken = createCallRule(options);

  return (dispatch, clientOrigin) => (request, handler) => {
    // A Client sends everything to its own origin, whatever the request says.
    const origin = clientOrigin === undefined ? request.origin : clientOrigin;
    if (origin === null || request.method === "CONNECT" || request.upgrade) return dispatch(request, handler);
    if (origin === undefined) {
      throw new TokenClientUsageError(
        "This request does not say where it goes, so it gets no token: pass `origin`, or compose an Agent",
      );
    }
    const target = targetOf(request, origin);
    if (target === undefined || !getsToken(target)) return dispatch(request, handler);
    tokens
      .withToken(account, (token) => dispatchAttempt(dispatch, addToken(request, token), handler), {
        retry: canReplay(request.body),
      })
      .then((refused) => refused?.release())
      .catch((error: unknown) => fail(handler, error));
    return true;
  };
}

function targetOf(request: Dispatcher.DispatchOptions, origin: string | URL): URL | undefined {
  if (!URL.canParse(request.path, String(origin))) return undefined;
  const url = new URL(request.path, origin);
  for (const name of Object.keys(request.query ?? {})) url.searchParams.append(name, "");
  return url;
}

/** undici allows parameters either in the path or apart. */
function addToken(request: Dispatcher.DispatchOptions, token: string): Dispatcher.DispatchOptions {
  if (request.query) return { ...request, query: { ...request.query, access_token: token } };
  return { ...request, path: withTokenIn(request.path, token) };
}

const NO_REQUEST: Dispatcher.DispatchController = {
  aborted: true,
  paused: false,
  reason: null,
  abort() {},
  pause() {},
  resume() {},
};

function fail(handler: Dispatcher.DispatchHandler, error: unknown): void {
  handler.onResponseError?.(NO_REQUEST, error instanceof Error ? error : new Error("The request could not be sent"));
}
