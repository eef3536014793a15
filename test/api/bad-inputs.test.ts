// The row numbers are those of the project's list of bad input for the token API. Every row over a real connection, against a
// worker that is a process of its own: one clear answer, nothing changed, nothing lost, and no key or token in any error or log line.
import { writeFile } from "node:fs/promises";
import { recordKey } from "@tokenkeeper/shared/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startWorld, type World, type WorkerProcess } from "../support/world.ts";
import { ask, report } from "./client.ts";
import { sendRaw, type RawAnswer } from "./raw.ts";

let world: World;
let worker: WorkerProcess;
let token: string;
let fp: string;

beforeAll(async () => {
  world = await startWorld({
    accounts: [{ name: "shop" }, { name: "other" }],
    keys: [
      { name: "java", accounts: ["shop"], mayReport: true },
      { name: "reader", accounts: ["shop"], kinds: ["access_token"] },
      { name: "slow", perMinute: 1 },
      { name: "leaver" },
    ],
    scale: 1,
  });
  worker = await world.startWorker();
  await otherIsServed();
  const { body } = await ask(world, "shop", { key: "java" });
  [token, fp] = [String(body["value"]), String(body["fingerprint"])];
});
afterAll(() => world[Symbol.asyncDispose]());

async function otherIsServed(): Promise<void> {
  await eventually(async () => expect((await ask(world, "other", { key: "leaver" })).status).toBe(200), {
    what: "the account to be served",
    timeoutMs: 20_000,
  });
}

const PATH = "/v1/accounts/shop/credentials/access_token";

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly version?: string;
  /** Name of the key in the Authorization header; `null`: none. */
  readonly key?: string | null;
  readonly headers?: readonly string[];
  readonly body?: string;
}

function bytesOf({
  method = "GET",
  path = PATH,
  version = "1.1",
  key = "java",
  headers = [],
  body = "",
}: Sent): string {
  const lines = [
    `${method} ${path} HTTP/${version}`,
    ...(version === "1.1" ? ["Host: tokens", "Connection: close"] : []),
    ...(key === null ? [] : [`Authorization: Bearer ${world.key(key)}`]),
    ...headers,
    ...(body ? [`Content-Length: ${Buffer.byteLength(body)}`] : []),
  ];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

const raw = (sent: Sent): Promise<RawAnswer> => sendRaw(world.apiUrl, bytesOf(sent));
const reported = (body: string, headers: readonly string[] = ["Content-Type: application/json"]): Sent => ({
  method: "POST",
  path: `${PATH}/report`,
  headers,
  body,
});

const HEADERS_OF: Readonly<Record<number, object>> = {
  401: { "www-authenticate": "Bearer" },
  405: { allow: expect.stringMatching(/^(GET|POST)$/) },
  429: { "retry-after": expect.stringMatching(/^[1-9]\d*$/) },
};

/** [row, what is sent, status, word]. */
type Row = readonly [string, () => Sent, number, string];

describe("bad input under /v1", () => {
  const rows: readonly Row[] = [
    ["1 no key", () => ({ key: null }), 401, "unauthorized"],
    ["2 Bearer and nothing", () => ({ key: null, headers: ["Authorization: Bearer "] }), 401, "unauthorized"],
    [
      "3 another scheme",
      () => ({ key: null, headers: [`Authorization: Basic ${world.key("java")}`] }),
      401,
      "unauthorized",
    ],
    [
      "4 a key with something behind it",
      () => ({ key: null, headers: [`Authorization: Bearer ${world.key("java")}%0A`] }),
      401,
      "unauthorized",
    ],
    [
      "4 a key with a tab and more behind it",
      () => ({ key: null, headers: [`Authorization: Bearer ${world.key("java")}\tx`] }),
      401,
      "unauthorized",
    ],
    [
      "4 a key with a bare line feed in it",
      () => ({
        key: null,
        headers: [`Authorization: Bearer ${world.key("java").slice(0, 20)}\n${world.key("java").slice(20)}`],
      }),
      400,
      "bad_request",
    ],
    ["5 two Authorization headers", () => ({ headers: ["Authorization: Bearer x"] }), 400, "bad_request"],
    [
      "6 the key in the query alone",
      () => ({ key: null, path: `${PATH}?key=${world.key("java")}` }),
      401,
      "unauthorized",
    ],
    [
      "6 the key in the query as well",
      () => ({ path: `${PATH}?access_token=${world.key("java")}` }),
      400,
      "bad_request",
    ],
    ["7 a key that never was", () => ({ key: "nobody" }), 401, "unauthorized"],
    ["8 another key's account", () => ({ path: "/v1/accounts/other/credentials/access_token" }), 404, "not_found"],
    [
      "9 an unknown account",
      () => ({ path: "/v1/accounts/wx0000000000000099/credentials/access_token" }),
      404,
      "not_found",
    ],
    ["10 an empty account", () => ({ path: "/v1/accounts//credentials/access_token" }), 404, "not_found"],
    ["11 an account in upper case", () => ({ path: "/v1/accounts/SHOP/credentials/access_token" }), 404, "not_found"],
    ["12 an account *", () => ({ path: "/v1/accounts/*/credentials/access_token" }), 404, "not_found"],
    [
      "13 an account with slashes",
      () => ({ path: "/v1/accounts/other%2f..%2fshop/credentials/access_token" }),
      404,
      "not_found",
    ],
    ["13 a path with dots", () => ({ path: "/v1/accounts/other/../shop/credentials/access_token" }), 404, "not_found"],
    [
      "14 an account with a zero byte",
      () => ({ path: "/v1/accounts/shop%00/credentials/access_token" }),
      404,
      "not_found",
    ],
    [
      "14 an account with broken UTF-8",
      () => ({ path: "/v1/accounts/%E0%A4%A/credentials/access_token" }),
      400,
      "bad_request",
    ],
    ["14 an account __proto__", () => ({ path: "/v1/accounts/__proto__/credentials/access_token" }), 404, "not_found"],
    [
      "15 an account of 10 KB",
      () => ({ path: `/v1/accounts/${"x".repeat(10_240)}/credentials/access_token` }),
      431,
      "headers_too_large",
    ],
    ["16 accounts in the query", () => ({ path: `${PATH}?appid=a&appid=b` }), 400, "bad_request"],
    ["17 the kind secret", () => ({ path: "/v1/accounts/shop/credentials/secret" }), 404, "not_found"],
    ["17 the kind __proto__", () => ({ path: "/v1/accounts/shop/credentials/__proto__" }), 404, "not_found"],
    ["17 an empty kind", () => ({ path: "/v1/accounts/shop/credentials/" }), 404, "not_found"],
    [
      "18 a kind that is not configured",
      () => ({ path: "/v1/accounts/shop/credentials/jsapi_ticket" }),
      404,
      "not_found",
    ],
    ["19 an unknown parameter", () => ({ path: `${PATH}?pretty=1` }), 400, "bad_request"],
    ["20 refresh=true", () => ({ path: `${PATH}?refresh=true` }), 400, "bad_request"],
    [
      "20 a report by a key that may not",
      () => ({ ...reported(`{"fingerprint":"${fp}"}`), key: "reader" }),
      403,
      "forbidden",
    ],
    ["21 a report without a fingerprint", () => reported("{}"), 400, "bad_request"],
    ["21 a report without a body", () => reported(""), 415, "unsupported_media_type"],
    ["21 a report with the token itself", () => reported(`{"fingerprint":"${token}"}`), 400, "bad_request"],
    [
      "21 a report with more than a fingerprint",
      () => reported(`{"fingerprint":"${fp}","force":true}`),
      400,
      "bad_request",
    ],
    ["21 a report that is a list", () => reported(`["${fp}"]`), 400, "bad_request"],
    ["21 a report that is no JSON", () => reported("fingerprint"), 400, "bad_request"],
    [
      "22 a report with an old fingerprint",
      () => reported('{"fingerprint":"0123456789abcdef"}'),
      409,
      "stale_fingerprint",
    ],
    ["25 a report of 1 MB", () => reported(`{"fingerprint":"${"f".repeat(1_048_576)}"}`), 413, "too_large"],
    [
      "26 a report with a key twice",
      () => reported(`{"fingerprint":"0123456789abcdef","fingerprint":"${fp}"}`),
      400,
      "bad_request",
    ],
    ["26 a report with __proto__", () => reported(`{"fingerprint":"${fp}","__proto__":{}}`), 400, "bad_request"],
    [
      "26 a report as text",
      () => reported(`{"fingerprint":"${fp}"}`, ["Content-Type: text/plain"]),
      415,
      "unsupported_media_type",
    ],
    [
      "29 a compressed report",
      () => reported("bomb", ["Content-Type: application/json", "Content-Encoding: gzip"]),
      415,
      "unsupported_media_type",
    ],
    ["27 POST to a path of GET", () => ({ method: "POST" }), 405, "method_not_allowed"],
    ["27 GET of a path of POST", () => ({ path: `${PATH}/report` }), 405, "method_not_allowed"],
    ["27 DELETE", () => ({ method: "DELETE" }), 405, "method_not_allowed"],
    ["27 TRACE", () => ({ method: "TRACE" }), 405, "method_not_allowed"],
    ["27 a path beside all others", () => ({ path: "/v1/accounts" }), 404, "not_found"],
    [
      "32 a CORS preflight",
      () => ({
        method: "OPTIONS",
        key: null,
        headers: ["Origin: https://evil.example", "Access-Control-Request-Method: GET"],
      }),
      403,
      "forbidden",
    ],
    ["33 an Origin", () => ({ headers: ["Origin: https://evil.example"] }), 403, "forbidden"],
    ["33 an Origin null", () => ({ headers: ["Origin: null"] }), 403, "forbidden"],
    [
      "35 a length and a transfer coding",
      () => ({ headers: ["Content-Length: 5", "Transfer-Encoding: chunked"] }),
      400,
      "bad_request",
    ],
    ["35 two lengths", () => ({ headers: ["Content-Length: 5", "Content-Length: 6"] }), 400, "bad_request"],
    ["35 a disguised transfer coding", () => ({ headers: ["Transfer-Encoding: xchunked"] }), 400, "bad_request"],
    ["35 a header with a space before the colon", () => ({ headers: ["Content-Length : 5"] }), 400, "bad_request"],
    ["35 two Hosts", () => ({ headers: ["Host: second"] }), 400, "bad_request"],
    ["39 a key that has asked too often", () => ({ key: "slow" }), 429, "rate_limited"],
  ];

  it.each(rows)("row %s is refused", async (row, ...[sent, status, word]) => {
    if (row.startsWith("39")) await raw(sent());
    const answer = await raw(sent());

    expect([answer.status, answer.answers]).toEqual([status, 1]);
    const body = JSON.parse(answer.body) as Record<string, string>;
    expect(Object.keys(body)).toEqual(["error", "message"]);
    expect(body["error"]).toBe(word);
    expect(answer.body).not.toContain(token);
    expect(answer.body).not.toContain(world.key("java"));
    expect(answer.headers["cache-control"]).toBe("no-store");
    expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
    expect(answer.headers).toMatchObject(HEADERS_OF[status] ?? {});
  });

  it.each<[string, () => Sent]>([
    [
      "4 a key with spaces behind it, which are no part of a header",
      () => ({ key: null, headers: [`Authorization: Bearer ${world.key("java")}  `] }),
    ],
    ["28 Accept: text/html", () => ({ headers: ["Accept: text/html"] })],
    ["29 an Accept-Encoding of everything", () => ({ headers: ["Accept-Encoding: gzip, br, zstd, *"] })],
    ["30 If-None-Match: *", () => ({ headers: ["If-None-Match: *"] })],
    ["30 If-Modified-Since", () => ({ headers: ["If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT"] })],
    ["31 a Range", () => ({ headers: ["Range: bytes=0-3"] })],
    ["34 HTTP/1.0", () => ({ version: "1.0" })],
    ["40 a client whose clock is wrong", () => ({ headers: ["Date: Fri, 01 Jan 2100 00:00:00 GMT"] })],
    ["40 an expectation nobody knows", () => ({ headers: ["Expect: refresh"] })],
    ["40 a GET with a body", () => ({ body: '{"refresh":true}' })],
  ])("row %s gets the plain answer", async (_row, sent) => {
    const answer = await raw(sent());

    expect([answer.status, answer.answers]).toEqual([200, 1]);
    expect(JSON.parse(answer.body)).toMatchObject({ value: token, expiresInSeconds: expect.any(Number) });
    for (const name of ["etag", "last-modified", "content-encoding", "content-range", "x-powered-by", "set-cookie"]) {
      expect(answer.headers).not.toHaveProperty(name);
    }
  });

  it.each<[string, string, number]>([
    [
      "34 an absolute URI",
      "GET http://tokens/v1/openapi.json HTTP/1.1\r\nHost: tokens\r\nConnection: close\r\n\r\n",
      400,
    ],
    ["34 CONNECT", "CONNECT api.weixin.qq.com:443 HTTP/1.1\r\nHost: api.weixin.qq.com:443\r\n\r\n", 405],
    ["34 no HTTP at all", "HELO tokens\r\n\r\n", 400],
    ["35 no Host", "GET /v1/openapi.json HTTP/1.1\r\nConnection: close\r\n\r\n", 400],
    ["34 an asterisk", "OPTIONS * HTTP/1.1\r\nHost: tokens\r\nConnection: close\r\n\r\n", 400],
    ["35 10,000 headers", `GET / HTTP/1.1\r\nHost: tokens\r\n${"x: y\r\n".repeat(10_000)}\r\n`, 431],
    ["35 a line without an end", `GET /${"x".repeat(20_000)}`, 431],
  ])("row %s is refused before it is a request", async (_row, bytes, status) => {
    const answer = await sendRaw(world.apiUrl, bytes);

    expect([answer.status, answer.answers]).toEqual([status, 1]);
    expect(() => JSON.parse(answer.body) as unknown).not.toThrow();
  });

  it("row 7 a key that was taken out of the configuration is refused within seconds, and no other", async () => {
    expect((await ask(world, "shop", { key: "leaver" })).status).toBe(200);

    await writeFile(worker.configFile, world.yaml({ withoutKey: "leaver", apiPort: 3013 }));

    await eventually(async () => expect((await ask(world, "shop", { key: "leaver" })).status).toBe(401), {
      what: "the key to be refused",
      timeoutMs: 20_000,
    });
    expect((await ask(world, "shop", { key: "java" })).status).toBe(200);
    expect(worker.output()).toContain('"api.address_needs_restart"');
  });

  it("rows 8 and 9 give the same answer: nobody learns which accounts there are", async () => {
    const foreign = await ask(world, "other", { key: "java" });
    const unknown = await ask(world, "wx0000000000000099", { key: "java" });

    expect(foreign.body).toEqual(unknown.body);
  });

  it("row 35 two requests in one packet get two answers, the second one its own", async () => {
    const answer = await sendRaw(
      world.apiUrl,
      `GET /v1/openapi.json HTTP/1.1\r\nHost: tokens\r\n\r\n${bytesOf({ key: null })}`,
    );

    expect(answer.answers).toBe(2);
    expect(answer.body).toContain('"error":"unauthorized"');
    expect(answer.body).not.toContain(token);
  });

  it("none of it changed or lost anything, or left a key or token in the log", async () => {
    const { body } = await ask(world, "shop", { key: "java" });

    expect(body["value"]).toBe(token);
    expect(
      await world.redis.redis.hget(recordKey({ account: world.appId("shop"), kind: "access_token" }), "value"),
    ).toBe(token);
    expect(world.fetches("shop")).toHaveLength(1);
    expect(world.fetches("other")).toHaveLength(1);
    expect(world.simulator.control.log({ appId: world.appId("shop"), call: "get_api_domain_ip" })).toEqual([]);
    await eventually(() => expect(worker.output()).toContain('"api.refused"'), {
      what: "the log to tell of refusals",
      timeoutMs: 20_000,
    });
    for (const secret of [token, ...["java", "reader", "slow", "leaver", "nobody"].map((name) => world.key(name))]) {
      expect(worker.output()).not.toContain(secret);
    }
  });

  it("row 24 a report about a value that WeChat accepts changes nothing", async () => {
    expect((await report(world, "shop", { key: "java", fingerprint: fp })).status).toBe(202);

    await eventually(() => expect(worker.output()).toContain('"accepted_by_wechat"'), { what: "the probe" });
    expect((await ask(world, "shop", { key: "java" })).body["value"]).toBe(token);
    expect(world.fetches("shop")).toHaveLength(1);
  });
});
