// Leads calls to https://api.weixin.qq.com to a simulator, so that SDKs run with the settings that their users have.
import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from "node:http";
import https from "node:https";
import { syncBuiltinESMExports } from "node:module";
import { urlToHttpOptions } from "node:url";

type Listener = (response: IncomingMessage) => void;

/** What was asked of WeChat while the calls were led away. */
export interface WeChatHost extends Disposable {
  /** The calls, oldest first. */
  readonly calls: readonly URL[];
}

/**
 * Until disposed of, every https call of this process goes to `simulatorUrl`.
 * A call to another host than WeChat's throws: no test reaches the internet.
 */
export function leadWeChatTo(simulatorUrl: string): WeChatHost {
  const { port } = new URL(simulatorUrl);
  const original = { request: https.request, get: https.get };
  const calls: URL[] = [];

  function request(...given: (string | URL | RequestOptions | Listener | undefined)[]): ClientRequest {
    const [first, ...others] = given;
    const listener = given.find((part) => typeof part === "function");
    const target = typeof first === "string" || first instanceof URL ? urlToHttpOptions(new URL(first)) : first;
    const options = Object.assign({}, target, ...others.filter((part) => typeof part === "object")) as RequestOptions;
    const host = options.hostname ?? options.host;
    if (host !== "api.weixin.qq.com") throw new Error(`a call to ${host} instead of WeChat`);
    calls.push(new URL(options.path ?? "/", simulatorUrl));
    const { agent: _agent, ...kept } = options;
    return http.request({ ...kept, protocol: "http:", hostname: "127.0.0.1", host: "127.0.0.1", port }, listener);
  }

  https.request = request;
  https.get = (...given: Parameters<typeof request>) => request(...given).end();
  syncBuiltinESMExports();
  return {
    calls,
    [Symbol.dispose]() {
      Object.assign(https, original);
      syncBuiltinESMExports();
    },
  };
}
