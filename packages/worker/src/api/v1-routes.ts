import { fingerprint, SECOND } from "@tokenkeeper/shared/contract";
import type { Durations } from "@tokenkeeper/core";
import express, { type NextFunction, type Request, type RequestHandler, type Response, type Router } from "express";
import type { Credential } from "../credentials.ts";
import { reportBody, type CredentialAnswer } from "./answers.ts";
import type { Follow } from "./follow.ts";
import { OPENAPI } from "./openapi.ts";
import type { Reading, Readings } from "./readings.ts";
import { Refusal } from "./refusal.ts";
import { retryAfter, type Serving } from "./serving.ts";
import { send } from "./send.ts";
import { useOf, type Usage } from "./usage.ts";

/** What the routes work with. */
export interface V1Deps {
  readonly serving: Serving;
  readonly readings: Readings;
  readonly follow: Follow;
  readonly usage: Usage;
  readonly durations: Durations;
}

/** Largest body of a report, and of what a follower asks, bytes. */
const BODY_LIMIT = 1_024;
const FOLLOW_LIMIT = 128 * 1_024;
const CREDENTIAL = "/accounts/:account/credentials/:kind";

/** The routes under `/v1`. Without a key there is only the document. */
export function createV1Routes({ serving, readings, follow, usage, durations }: V1Deps): Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  router
    .route("/openapi.json")
    .get(refuseHead, refuseQuery, (_request, response) => send(response, { body: OPENAPI }))
    .all(only("GET"));
  router.use((request, response, next) => letIn(request, response, next));
  router
    .route(CREDENTIAL)
    .get(refuseHead, refuseQuery, (request, response) => giveCredential(request, response))
    .all(only("GET"));
  router
    .route(`${CREDENTIAL}/report`)
    .post(refuseQuery, jsonText(BODY_LIMIT), (request, response) => takeReport(request, response))
    .all(only("POST"));
  router
    .route("/follow")
    .post(refuseQuery, jsonText(FOLLOW_LIMIT), (request, response) => answerFollower(request, response))
    .all(only("POST"));
  router.use(() => {
    throw new Refusal("not_found");
  });
  return router;

  async function letIn(request: Request, response: Response, next: NextFunction): Promise<void> {
    const key = serving.identify(bearerOf(request));
    useOf(response).key = key.name;
    await serving.limit(key);
    response.locals["key"] = key;
    next();
  }

  function find(request: Request, response: Response): Credential {
    const { account, kind } = request.params;
    const credential = serving.find(response.locals["key"], String(account), String(kind));
    useOf(response).account = credential.ref.account;
    return credential;
  }

  async function giveCredential(request: Request, response: Response): Promise<void> {
    const credential = find(request, response);
    const reading = await serving.read(credential, wantsNoCache(request) ? "redis" : "memory");
    send(response, {
      body: answerOf(credential, reading),
      headers: { Age: String(wholeSeconds(reading.readAgoMs)) },
    });
    usage.count({ ...useOf(response), result: "served" });
  }

  function answerOf({ ref, account }: Credential, reading: Reading): CredentialAnswer {
    const { value, version, remainingMs, ageMs } = reading;
    return {
      account: ref.account,
      name: account.name,
      kind: ref.kind,
      value,
      fingerprint: fingerprint(value),
      version,
      expiresInSeconds: wholeSeconds(remainingMs),
      issuedSecondsAgo: wholeSeconds(ageMs),
      keepForSeconds: wholeSeconds(Math.min(durations.readerCache, remainingMs)),
    };
  }

  async function takeReport(request: Request, response: Response): Promise<void> {
    const { ref } = find(request, response);
    if (!response.locals["key"].mayReport) throw new Refusal("forbidden", { message: MAY_NOT_REPORT });
    const reported = reportedFingerprint(request.body);
    const current = await readings.reread(ref);
    if (current === undefined) throw new Refusal("unavailable", { headers: retryAfter(1) });
    if (fingerprint(current.value) !== reported) throw new Refusal("stale_fingerprint");
    if (!(await readings.report(ref, reported, response.locals["key"].name)))
      throw new Refusal("unavailable", { message: NOT_TAKEN, headers: retryAfter(1) });
    send(response, { status: 202, body: { status: "accepted" } });
    usage.count({ ...useOf(response), result: "reported" });
  }

  async function answerFollower(request: Request, response: Response): Promise<void> {
    if (typeof request.body !== "string") throw new Refusal("unsupported_media_type");
    send(response, { body: await follow(response.locals["key"], parseJson(request.body)) });
    usage.count({ ...useOf(response), result: "followed" });
  }
}

function jsonText(limit: number): RequestHandler {
  return express.text({ type: "application/json", limit, inflate: false });
}

/** A client that holds a value asks past the memory, so that it never takes an older one for a newer: another worker may have given it that. */
function wantsNoCache({ headers }: Request): boolean {
  return headers["cache-control"]?.trim().toLowerCase() === "no-cache";
}

const NOT_TAKEN =
  "The report could not be handed on: Redis takes no writes right now. Send it again as the header Retry-After says.";
const MAY_NOT_REPORT = "This key may not report. Set mayReport: true for it under api.keys if it should.";
const ONE_HEADER = "Send exactly one header `Authorization: Bearer <key>`.";
const NO_QUERY =
  "These paths take no parameters after a question mark: a key belongs into the header Authorization, and reading never refreshes.";
const WRONG_BODY =
  'Send {"fingerprint": "<first 16 hex digits, lower case, of the SHA-256 of the refused value>"} and nothing else.';

function bearerOf({ headersDistinct }: Request): string {
  const headers = headersDistinct["authorization"] ?? [];
  if (headers.length > 1) throw new Refusal("bad_request", { message: ONE_HEADER });
  return /^bearer (\S+)$/i.exec(headers[0] ?? "")?.[1] ?? "";
}

/** Express answers HEAD by the handler of GET, which would read a credential and count it as served. */
const refuseHead: RequestHandler = (request, response, next) => {
  if (request.method === "HEAD") only("GET")(request, response, next);
  else next();
};

const refuseQuery: RequestHandler = (request, _response, next) => {
  if (request.originalUrl.includes("?")) throw new Refusal("bad_request", { message: NO_QUERY });
  next();
};

function only(method: string): RequestHandler {
  return () => {
    throw new Refusal("method_not_allowed", { headers: { Allow: method } });
  };
}

function reportedFingerprint(body: unknown): string {
  if (typeof body !== "string") throw new Refusal("unsupported_media_type");
  const parsed = reportBody.safeParse(parseJson(body)).data;
  // JSON.parse takes the last of two equal keys without a word; written again, the second one is missing.
  if (!parsed || JSON.stringify(parsed) !== body.replaceAll(/\s/g, ""))
    throw new Refusal("bad_request", { message: WRONG_BODY });
  return parsed.fingerprint;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function wholeSeconds(ms: number): number {
  return Math.max(0, Math.floor(ms / SECOND));
}
