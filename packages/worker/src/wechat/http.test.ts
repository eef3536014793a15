import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from "node:net";
import { json } from "node:stream/consumers";
import { inspect } from "node:util";
import { secretOf } from "@tokenkeeper/core";
import { afterEach, describe, expect, it } from "vitest";
import type { WechatRequest } from "../families/family.ts";
import { createWechatHttp, type WechatHttp, type WechatHttpOptions } from "./http.ts";

const SECRET = "canary5ecret000000000000000000001";
const TOKEN = "canary_t0ken+/%|value";
const GET: WechatRequest = {
  method: "GET",
  path: "/cgi-bin/token",
  query: { grant_type: "client_credential", appid: "wx0000000000000001", secret: SECRET, access_token: TOKEN },
};
const POST: WechatRequest = {
  method: "POST",
  path: "/cgi-bin/stable_token",
  query: {},
  body: { grant_type: "client_credential", appid: "wx0000000000000001", secret: SECRET, force_refresh: false },
};
const BODY = `{"access_token":"${TOKEN}","expires_in":7200}`;

const failure = (code: string): object => ({ type: "failure", failure: expect.objectContaining({ code }) });
const UNKNOWN = { type: "failure", failure: { class: "unknown_outcome", code: "no_reply" } };

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Serves one answer for every request. @returns the origin. */
async function serve(answer: Answer): Promise<string> {
  return listen(createHttpServer(answer));
}

/** Serves raw bytes. @param onRequest called when the first bytes of a request have come. */
async function serveRaw(onRequest: (socket: Socket) => void): Promise<string> {
  return listen(
    createTcpServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => onRequest(socket));
    }),
  );
}

async function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function edge(origin: string, options: Partial<WechatHttpOptions> = {}): WechatHttp {
  const http = createWechatHttp({ origin, deadlineMs: 5_000, connectMs: 1_000, ...options });
  closers.push(() => http.close());
  return http;
}

/** An origin on which nobody listens. */
async function closedOrigin(): Promise<string> {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return `http://127.0.0.1:${port}`;
}

describe("what is sent to WeChat", () => {
  it("carries every parameter of a GET, encoded so that it arrives byte for byte", async () => {
    const seen: string[] = [];
    const origin = await serve((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      response.end(BODY);
    });

    await edge(origin).send(GET);

    const url = new URL(seen[0]?.replace("GET ", origin) ?? "");
    expect(seen[0]).toMatch(/^GET /);
    expect([url.pathname, Object.fromEntries(url.searchParams)]).toEqual([GET.path, GET.query]);
  });

  it("carries the body of a POST as JSON and nothing in the address", async () => {
    const seen: unknown[] = [];
    const origin = await serve((request, response) => {
      seen.push(request.method, request.url, request.headers["content-type"]);
      const read = async (): Promise<void> => {
        seen.push(await json(request));
        response.end(BODY);
      };
      void read();
    });

    await edge(origin).send(POST);

    expect(seen).toEqual(["POST", POST.path, "application/json", POST.body]);
  });
});

describe("what is sent to a leader", () => {
  it("goes there and not to WeChat, with the key in a header and past every cache", async () => {
    const seen: unknown[] = [];
    const wechat = await serve((_request, response) => void response.writeHead(500).end());
    const leader = await serve((request, response) => {
      const { authorization, "cache-control": cache } = request.headers;
      seen.push(request.method, request.url, authorization, cache);
      response.end(BODY);
    });
    const call: WechatRequest = {
      method: "GET",
      path: "/v1/accounts/wx0000000000000001/credentials/access_token",
      query: {},
      leader: { origin: leader, key: secretOf(SECRET) },
    };

    expect(await edge(wechat).send(call)).toMatchObject({ type: "body" });
    expect(seen).toEqual(["GET", call.path, `Bearer ${SECRET}`, "no-cache"]);
  });

  it("may be answered with when to come again", async () => {
    const origin = await serve((_, response) => void response.writeHead(503, { "retry-after": "5" }).end("{}"));

    expect(await edge(origin).send(GET)).toMatchObject({ type: "failure", refused: { status: 503, retryAfter: 5 } });
  });
});

describe("what comes back", () => {
  it.each([
    ["application/json", "application/json; encoding=utf-8"],
    ["text/plain, as WeChat sends it now and then", "text/plain"],
    ["no type at all", undefined],
  ])("is read with %s", async (_sentence, type) => {
    const origin = await serve((_request, response) => {
      if (type) response.setHeader("content-type", type);
      response.end(BODY);
    });

    expect(await edge(origin).send(GET)).toEqual({ type: "body", body: { access_token: TOKEN, expires_in: 7200 } });
  });

  it("is read after a byte order mark and in pieces that cut a character", async () => {
    const bytes = Buffer.from(`\uFEFF{"errcode":-1,"errmsg":"系统繁忙"}`);
    const origin = await serve((_request, response) => {
      response.write(bytes.subarray(0, 27));
      setImmediate(() => response.end(bytes.subarray(27)));
    });

    expect(await edge(origin).send(GET)).toEqual({ type: "body", body: { errcode: -1, errmsg: "系统繁忙" } });
  });

  it.each<[string, string, Answer]>([
    [
      "an error page of a gateway",
      "http_status",
      (_, response) => void response.writeHead(502).end("<html>502</html>"),
    ],
    ["a 500 that looks like success", "http_status", (_, response) => void response.writeHead(500).end(BODY)],
    ["an empty 204", "http_status", (_, response) => void response.writeHead(204).end()],
    ["an empty 200", "malformed", (_, response) => void response.end()],
    ["a page with status 200", "malformed", (_, response) => void response.end("<html></html>")],
    [
      "compressed bytes that nobody asked for",
      "malformed",
      (_, response) => {
        response.setHeader("content-encoding", "gzip");
        response.end(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]));
      },
    ],
    [
      "a body cut short by its length",
      "no_reply",
      (_, response) => {
        response.setHeader("content-length", 500);
        response.write(BODY);
        setImmediate(() => response.destroy());
      },
    ],
    ["a body cut short by its end", "malformed", (_, response) => void response.end(BODY.slice(0, 30))],
  ])("of %s is the failure %s, whose outcome is not known", async (_sentence, code, answer) => {
    expect(await edge(await serve(answer)).send(GET)).toMatchObject({
      type: "failure",
      failure: { class: "unknown_outcome", code },
    });
  });

  it("is not fetched from where a redirect leads", async () => {
    const paths: string[] = [];
    const origin = await serve((request, response) => {
      paths.push(new URL(request.url ?? "", "http://any").pathname);
      response.writeHead(302, { location: "/elsewhere" }).end();
    });

    expect(await edge(origin).send(GET)).toEqual({ ...failure("http_status"), refused: { status: 302 } });
    expect(paths).toEqual([GET.path]);
  });

  it("is a failure beyond 64 KiB, and the rest is not read", async () => {
    let written = 0;
    const closed = Promise.withResolvers<void>();
    const chunk = Buffer.alloc(64 * 1024, " ");
    const origin = await serve((_request, response) => {
      response.on("close", closed.resolve);
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) written += chunk.length;
        written += chunk.length;
        response.once("drain", more);
      };
      more();
    });

    expect(await edge(origin).send(GET)).toEqual(failure("malformed"));
    await closed.promise;
    // What was under way in the buffers of both sides, and no endless body.
    expect(written).toBeLessThan(32 * 1024 * 1024);
  });

  it("is read up to 64 KiB", async () => {
    const filler = "x".repeat(64 * 1024 - BODY.length - ',"a":""'.length);
    const origin = await serve((_request, response) => {
      response.end(BODY.replace("}", `,"a":"${filler}"}`));
    });

    expect(await edge(origin).send(GET)).toMatchObject({ type: "body", body: { access_token: TOKEN } });
  });
});

describe("when no whole reply comes", () => {
  it("was nothing sent when nobody listens", async () => {
    expect(await edge(await closedOrigin()).send(GET)).toEqual({
      type: "failure",
      failure: { class: "transient", code: "unreachable" },
    });
  });

  it("was nothing sent when nobody listens on any address of the name", async () => {
    const origin = (await closedOrigin()).replace("127.0.0.1", "localhost");

    expect(await edge(origin).send(GET)).toEqual(failure("unreachable"));
  });

  it("was nothing sent when the name does not exist", async () => {
    expect(await edge("http://nobody.invalid").send(GET)).toEqual(failure("unreachable"));
  });

  it.each<[string, (socket: Socket) => void]>([
    ["the connection is reset after the request", (socket) => socket.resetAndDestroy()],
    ["the connection is closed after the request", (socket) => socket.end()],
    [
      "the connection is reset in the middle of the body",
      (socket) => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n${BODY}`, () => socket.resetAndDestroy());
      },
    ],
    ["the answer is no HTTP", (socket) => void socket.end(`${TOKEN} is not HTTP\r\n\r\n`)],
  ])("is the outcome not known because %s", async (_sentence, onRequest) => {
    expect(await edge(await serveRaw(onRequest)).send(GET)).toEqual(UNKNOWN);
  });

  it("gives up at the deadline when nothing comes", async () => {
    const origin = await serveRaw(() => undefined);
    const from = performance.now();

    expect(await edge(origin, { deadlineMs: 300 }).send(GET)).toEqual(UNKNOWN);
    expect(performance.now() - from).toBeGreaterThan(250);
    expect(performance.now() - from).toBeLessThan(2_000);
  });

  it("gives up at the deadline of the whole call although bytes drip in", async () => {
    const origin = await serve((_request, response) => {
      const drip = setInterval(() => response.write(" "), 20);
      response.on("close", () => clearInterval(drip));
    });
    const from = performance.now();

    expect(await edge(origin, { deadlineMs: 300 }).send(GET)).toEqual(UNKNOWN);
    expect(performance.now() - from).toBeLessThan(2_000);
  });

  it("is the outcome of what is under way not known when it is aborted, and nothing is sent afterwards", async () => {
    const arrived = Promise.withResolvers<void>();
    let requests = 0;
    const origin = await serve(() => {
      requests += 1;
      arrived.resolve();
    });
    const http = edge(origin);

    const reply = http.send(GET);
    await arrived.promise;
    http.abort();

    expect(await reply).toEqual(UNKNOWN);
    expect(await http.send(GET)).toMatchObject({ type: "failure" });
    expect(requests).toBe(1);
  });
});

describe("the boundary", () => {
  const hostile = `{"errcode":40001,"errmsg":"secret ${SECRET} token ${TOKEN} at http://127.0.0.1/cgi-bin"}`;
  it.each<[string, () => Promise<string>]>([
    [
      "an error page that quotes the call",
      () => serve((request, response) => void response.writeHead(502).end(request.url)),
    ],
    ["a body that cannot be read", () => serve((request, response) => void response.end(`{"${request.url}`))],
    [
      "a redirect that quotes the call",
      () => serve((request, response) => void response.writeHead(302, { location: request.url }).end()),
    ],
    [
      "a status line that quotes the call",
      () => serveRaw((socket) => void socket.end(`HTTP/1.1 500 ${SECRET} ${TOKEN}\r\n\r\n`)),
    ],
    ["an answer that is no HTTP", () => serveRaw((socket) => void socket.end(`${SECRET} ${TOKEN}\r\n\r\n`))],
    ["a reset", () => serveRaw((socket) => socket.resetAndDestroy())],
    ["a closed port", closedOrigin],
    ["a body beyond 64 KiB", () => serve((_request, response) => void response.end(hostile.repeat(1_000)))],
    ["an origin that is none", () => Promise.resolve(`http://user:${SECRET}@[bad`)],
  ])("lets no secret, token or address through with %s", async (_sentence, originOf) => {
    const http = edge(await originOf());

    for (const call of [GET, POST]) {
      const printed = inspect(await http.send(call), { depth: 20, showHidden: true });
      expect(printed).toContain("failure");
      expect(printed).not.toMatch(/canary|127\.0\.0\.1|localhost|cgi-bin|wx0000/);
    }
  });
});
