import { Validator } from "@seriousme/openapi-schema-validator";
import { CREDENTIAL_KINDS } from "@tokenkeeper/shared/contract";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startWorld, type World } from "../support/world.ts";
import { ask, call, follow, report, type ApiAnswer } from "./client.ts";

interface Operation {
  readonly responses: Record<string, { content: Record<string, { schema: { $ref?: string } }> }>;
}
interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: {
    readonly schemas: Record<string, object>;
    readonly parameters: { readonly kind: { readonly schema: object } };
  };
}

let world: World;
let document: Document;
let ajv: Ajv2020;

beforeAll(async () => {
  world = await startWorld({
    accounts: [
      { name: "shop", tickets: ["jsapi"] },
      { name: "dead", wrongSecret: "deadbeefdeadbeefdeadbeefdeadbeef" },
    ],
    keys: [{ name: "java", mayReport: true }, { name: "reader" }, { name: "slow", perMinute: 1 }],
    scale: 1,
  });
  await world.startRuntime();
  const response = await fetch(`${world.apiUrl}/v1/openapi.json`);
  document = (await response.json()) as Document;
  ajv = new Ajv2020({ strict: false, allErrors: true });
  ajv.addSchema(document, "document");
});
afterAll(() => world[Symbol.asyncDispose]());

const CREDENTIAL = "/v1/accounts/{account}/credentials/{kind}";

const REPORT = `${CREDENTIAL}/report`;

/** An answer, and where the document describes it. */
interface Described {
  readonly path: string;
  readonly method: "get" | "post";
  readonly status: number;
  readonly answer: () => Promise<ApiAnswer>;
}

/** The schema that the document gives for an answer. */
function schemaOf({ path, method, status }: Omit<Described, "answer">): ValidateFunction {
  const schema = document.paths[path]?.[method]?.responses[status]?.content["application/json"]?.schema.$ref;
  if (schema === undefined) throw new Error(`the document has no answer ${status} of ${method} ${path}`);
  const compiled = ajv.getSchema(`document${schema}`);
  if (!compiled) throw new Error(`the document has no ${schema}`);
  return compiled;
}

describe("GET /v1/openapi.json", () => {
  it("is a valid document of OpenAPI 3.1", async () => {
    const { valid, errors } = await new Validator().validate(
      structuredClone(document) as object as Record<string, unknown>,
    );

    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
    expect(document.openapi).toBe("3.1.0");
  });

  it("names the kinds that there are", () => {
    expect(document.components.parameters.kind.schema).toEqual({ type: "string", enum: CREDENTIAL_KINDS });
  });

  const answers: [string, Described][] = [
    [
      "a credential",
      { path: CREDENTIAL, method: "get", status: 200, answer: () => ask(world, "shop", { key: "java" }) },
    ],
    [
      "a ticket",
      {
        path: CREDENTIAL,
        method: "get",
        status: 200,
        answer: () => ask(world, "shop", { key: "java", kind: "jsapi_ticket" }),
      },
    ],
    [
      "a bad request",
      { path: CREDENTIAL, method: "get", status: 400, answer: () => ask(world, "%ff", { key: "java" }) },
    ],
    ["no key", { path: CREDENTIAL, method: "get", status: 401, answer: () => ask(world, "shop", { key: "nobody" }) }],
    [
      "a page",
      {
        path: CREDENTIAL,
        method: "get",
        status: 403,
        answer: () => call(`${world.apiUrl}/v1/accounts/shop`, { headers: { origin: "null" } }),
      },
    ],
    [
      "no such account",
      { path: CREDENTIAL, method: "get", status: 404, answer: () => ask(world, "nobody", { key: "java" }) },
    ],
    [
      "too often",
      {
        path: CREDENTIAL,
        method: "get",
        status: 429,
        answer: async () => {
          await ask(world, "shop", { key: "slow" });
          return ask(world, "shop", { key: "slow" });
        },
      },
    ],
    ["no value", { path: CREDENTIAL, method: "get", status: 503, answer: () => ask(world, "dead", { key: "java" }) }],
    [
      "a report",
      {
        path: REPORT,
        method: "post",
        status: 202,
        answer: async () => {
          const { body } = await ask(world, "shop", { key: "java" });
          return report(world, "shop", { key: "java", fingerprint: String(body["fingerprint"]) });
        },
      },
    ],
    [
      "a follower",
      {
        path: "/v1/follow",
        method: "post",
        status: 200,
        answer: () => follow(world, { credentials: [{ account: "shop", kind: "access_token" }] }, { key: "reader" }),
      },
    ],
    [
      "a bad follower",
      { path: "/v1/follow", method: "post", status: 400, answer: () => follow(world, {}, { key: "reader" }) },
    ],
    [
      "a bad report",
      {
        path: REPORT,
        method: "post",
        status: 400,
        answer: () => report(world, "shop", { key: "java", fingerprint: "x" }),
      },
    ],
    [
      "a report by a reader",
      {
        path: REPORT,
        method: "post",
        status: 403,
        answer: () => report(world, "shop", { key: "reader", fingerprint: "0123456789abcdef" }),
      },
    ],
    [
      "an old report",
      {
        path: REPORT,
        method: "post",
        status: 409,
        answer: () => report(world, "shop", { key: "java", fingerprint: "0123456789abcdef" }),
      },
    ],
  ];

  it.each(answers)("describes the answer to %s", async (_case, { path, method, status, answer }) => {
    const given = await answer();

    expect(given.status).toBe(status);
    const validate = schemaOf({ path, method, status });
    expect(validate(given.body) ? [] : validate.errors).toEqual([]);
  });
});
