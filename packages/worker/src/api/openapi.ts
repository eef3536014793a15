import { CREDENTIAL_KINDS } from "@tokenkeeper/shared/contract";
import { z } from "zod";
import { credentialAnswer, followAnswer, followBody, problemAnswer, reportAnswer, reportBody } from "./answers.ts";
import { REFUSALS, type RefusalWord } from "./refusal.ts";

const SCHEMAS = z.toJSONSchema(
  z.object({
    Credential: credentialAnswer,
    ReportAccepted: reportAnswer,
    Report: reportBody,
    Follow: followBody,
    FollowAnswer: followAnswer,
    Problem: problemAnswer,
  }),
).$defs;

const ref = (name: string): { $ref: string } => ({ $ref: `#/components/schemas/${name}` });
const json = (name: string): object => ({ "application/json": { schema: ref(name) } });

const RETRY_AFTER = { "Retry-After": { description: "Seconds to wait.", schema: { type: "integer", minimum: 1 } } };

function refusals(...words: RefusalWord[]): Record<string, object> {
  return Object.fromEntries(
    words.map((word) => {
      const { status, message } = REFUSALS[word];
      const headers = status === 429 || status === 503 ? { headers: RETRY_AFTER } : {};
      return [status, { description: message, ...headers, content: json("Problem") }];
    }),
  );
}

const EVERYWHERE = ["bad_request", "unauthorized", "forbidden", "not_found", "rate_limited", "failure"] as const;

/** The OpenAPI 3.1 document of the routes under `/v1`. */
export const OPENAPI = {
  openapi: "3.1.0",
  info: {
    title: "Tokenkeeper token API",
    version: "1",
    description:
      "Gives WeChat access tokens and tickets to clients of any language. Reading never refreshes anything. Every answer is JSON; no answer may be cached.",
    license: { name: "MIT", identifier: "MIT" },
  },
  servers: [{ url: "/" }],
  security: [{ key: [] }],
  paths: {
    "/v1/accounts/{account}/credentials/{kind}": {
      parameters: [{ $ref: "#/components/parameters/account" }, { $ref: "#/components/parameters/kind" }],
      get: {
        operationId: "getCredential",
        summary: "The credential as it is stored",
        description:
          "Served from the worker's memory while Redis is away and the value is valid; the header Age then grows. A missing value is demanded and waited for up to 3 seconds. With the request header `Cache-Control: no-cache` memory is not used: while Redis is away the answer is 503.",
        responses: {
          "200": {
            description: "The credential.",
            headers: {
              Age: { description: "Seconds since Redis was asked.", schema: { type: "integer", minimum: 0 } },
            },
            content: json("Credential"),
          },
          ...refusals(...EVERYWHERE, "unavailable"),
        },
      },
    },
    "/v1/accounts/{account}/credentials/{kind}/report": {
      parameters: [{ $ref: "#/components/parameters/account" }, { $ref: "#/components/parameters/kind" }],
      post: {
        operationId: "reportCredential",
        summary: "WeChat refused this value (40001, 40014, 42001)",
        description:
          "Needs a key with mayReport. The worker asks WeChat itself before it refreshes, so that nobody can make it throw away a good value. Read the credential again after a second.",
        requestBody: { required: true, content: json("Report") },
        responses: {
          "202": { description: "Passed on to the workers.", content: json("ReportAccepted") },
          ...refusals(...EVERYWHERE, "stale_fingerprint", "too_large", "unsupported_media_type", "unavailable"),
        },
      },
    },
    "/v1/follow": {
      post: {
        operationId: "follow",
        summary: "Which of the values that I hold are out of date?",
        description:
          "What another instance of Tokenkeeper asks that reads its credentials from this one (follower mode). Credentials that the key may not know are left out.",
        requestBody: { required: true, content: json("Follow") },
        responses: {
          "200": { description: "What to read again.", content: json("FollowAnswer") },
          ...refusals(...EVERYWHERE.filter((word) => word !== "not_found"), "too_large", "unsupported_media_type"),
        },
      },
    },
    "/v1/openapi.json": {
      get: {
        operationId: "getDocument",
        summary: "This document",
        security: [],
        responses: {
          "200": { description: "This document.", content: { "application/json": { schema: { type: "object" } } } },
        },
      },
    },
  },
  components: {
    securitySchemes: {
      key: {
        type: "http",
        scheme: "bearer",
        description: "A key whose hash stands under api.keys in the configuration.",
      },
    },
    parameters: {
      account: {
        name: "account",
        in: "path",
        required: true,
        description: "The account's appid, or its name in the worker's configuration.",
        schema: { type: "string", minLength: 1 },
      },
      kind: {
        name: "kind",
        in: "path",
        required: true,
        schema: { type: "string", enum: CREDENTIAL_KINDS },
      },
    },
    schemas: SCHEMAS,
  },
};
