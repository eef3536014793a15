import type { ApiKey, Durations } from "@tokenkeeper/core";
import express, { type Request, type Response, type Router } from "express";
import type { Credential } from "../credentials.ts";
import type { GivenTokens } from "../store/given-tokens.ts";
import type { Reading } from "./readings.ts";
import { Refusal, type RefusalWord } from "./refusal.ts";
import { sdkExpiresIn } from "./sdk-life.ts";
import { send } from "./send.ts";
import type { Serving } from "./serving.ts";
import { useOf, type Usage, type Use } from "./usage.ts";
import { ERRCODE_OF, ticketBody, tokenBody, wechatError, type WechatErrcode } from "./wechat-answers.ts";
import { readWechatCall, type WechatPath, type WechatWish } from "./wechat-request.ts";
import type { TicketCallers } from "./wechat-tickets.ts";

/** What the routes work with. */
export interface WechatDeps {
  readonly serving: Serving;
  readonly ticketCallers: TicketCallers;
  readonly holders: GivenTokens;
  readonly usage: Usage;
  readonly durations: Durations;
}

/** A body, and what the counters call it. */
interface Answer {
  readonly result: "served" | RefusalWord;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Largest body of a token call, bytes. */
const BODY_LIMIT = 4 * 1_024;
const PATHS: readonly WechatPath[] = ["/cgi-bin/token", "/cgi-bin/stable_token", "/cgi-bin/ticket/getticket"];

/** WeChat's own paths for SDKs whose host can be set. As at WeChat, every answer of theirs has the HTTP status 200. */
export function createWechatRoutes({ serving, ticketCallers, holders, usage, durations }: WechatDeps): Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  const body = express.text({ type: () => true, limit: BODY_LIMIT, inflate: false });
  for (const path of PATHS) router.all(path, body, (request, response) => answer(path, request, response));
  router.use((_request, response) => finish(response, refusal("not_found", 40066)));
  return router;

  async function answer(path: WechatPath, request: Request, response: Response): Promise<void> {
    const wish = readWechatCall({
      path,
      method: request.method,
      query: request.originalUrl.slice(path.length + 1),
      body: typeof request.body === "string" ? request.body : "",
    });
    finish(response, await fulfil(wish, useOf(response)).catch(refusalOf));
  }

  function finish(response: Response, { result, body: answered, headers }: Answer): void {
    usage.count({ ...useOf(response), result });
    send(response, { body: answered, ...(headers && { headers }) });
  }

  async function fulfil(wish: WechatWish, use: Use): Promise<Answer> {
    if (wish.type === "refused") return refusal("bad_request", wish.errcode);
    return wish.type === "token" ? giveToken(wish.appId, wish.secret, use) : giveTicket(wish, use);
  }

  async function giveToken(appId: string, secret: string, use: Use): Promise<Answer> {
    const key = serving.identify(secret);
    use.key = key.name;
    await serving.limit(key);
    const credential = serving.find(key, appId, "access_token");
    use.account = credential.ref.account;
    const reading = await serving.read(credential);
    await holders.remember(reading.value, { key: key.name, account: credential.ref.account }, reading.remainingMs);
    return { result: "served", body: tokenBody(reading, expiresIn(key, credential, reading)) };
  }

  async function giveTicket(wish: WechatWish & { type: "ticket" }, use: Use): Promise<Answer> {
    const caller = await ticketCallers.find(wish.accessToken, wish.kind);
    if (caller === "unknown_token") return refusal("unauthorized", 40001);
    if (caller === "no_right") return refusal("not_found", 48001);
    const { key, parent, ticket } = caller;
    use.key = key.name;
    use.account = ticket.ref.account;
    await serving.limit(key);
    if (!(await ticketCallers.isCurrent(wish.accessToken, parent))) return refusal("unauthorized", 40001);
    const reading = await serving.read(ticket);
    return { result: "served", body: ticketBody(reading, expiresIn(key, ticket, reading)) };
  }

  function expiresIn({ sdkMargin }: ApiKey, { recipe }: Credential, { remainingMs }: Reading): number {
    // Whether its leader fetches classic tokens, a follower does not know.
    const mayRotate = recipe.rotation === "each_fetch" || recipe.rotation === "at_leader";
    const keepMs = mayRotate ? durations.sdkKeep : Infinity;
    return sdkExpiresIn({ remainingMs, keepMs, marginMs: sdkMargin });
  }
}

function refusal(result: RefusalWord, errcode: WechatErrcode): Answer {
  return { result, body: wechatError(errcode) };
}

function refusalOf(error: unknown): Answer {
  if (!(error instanceof Refusal)) throw error;
  const { "Retry-After": wait } = error.headers;
  const headers = wait === undefined ? {} : { "Retry-After": wait };
  return { ...refusal(error.word, ERRCODE_OF[error.word]), headers };
}
