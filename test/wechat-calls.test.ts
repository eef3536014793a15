// The interceptor and the fetch wrapper, as apps use them: undici 8 and 7, a Client, an Agent, undici's fetch and the global one.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createTokenClient, createWechatFetch, TokenClientUsageError, type TokenClient } from "@tokenkeeper/shared";
import { fingerprint } from "@tokenkeeper/shared/contract";
import { wechatToken, type WechatCallOptions } from "@tokenkeeper/shared/undici";
import { Agent, Client, fetch as undiciFetch, FormData as UndiciFormData, interceptors, request } from "undici";
import { Agent as Agent7, Client as Client7, request as request7, type Dispatcher as Dispatcher7 } from "undici7";
import { newAccount, publishRotation, putRecord, toldAbout } from "./support/records.ts";
import { startTestRedis, type TestRedis } from "./support/redis.ts";
import { startWorld } from "./support/world.ts";

interface Answer {
  readonly status: number;
  readonly text: string;
}
interface Sent {
  readonly method?: "POST";
  readonly body?: string | Uint8Array | Readable;
  readonly signal?: AbortSignal;
}
type Send = (url: string, sent?: Sent) => Promise<Answer>;
type Way = (tokens: TokenClient, account: string, options: WechatCallOptions) => Send;

/** An app has the types of one undici only; this package sees those of undici 8. */
const wechatToken7 = wechatToken as unknown as (
  ...args: Parameters<typeof wechatToken>
) => Dispatcher7.DispatcherComposeInterceptor;

const cleanUps: (() => Promise<unknown>)[] = [];

function closing<T extends { close(): Promise<void> }>(dispatcher: T): T {
  cleanUps.push(() => dispatcher.close());
  return dispatcher;
}

async function byRequest(call: Promise<{ statusCode: number; body: { text(): Promise<string> } }>): Promise<Answer> {
  const { statusCode, body } = await call;
  return { status: statusCode, text: await body.text() };
}

function byFetch(send: typeof fetch): Send {
  return async (url, sent) => {
    const init = sent?.body instanceof Readable ? { ...sent, body: Readable.toWeb(sent.body), duplex: "half" } : sent;
    const response = await send(url, init as RequestInit);
    return { status: response.status, text: await response.text() };
  };
}

const WAYS: Record<string, Way> = {
  "an Agent of undici 8": (tokens, account, options) => {
    const dispatcher = closing(new Agent()).compose(wechatToken(tokens, account, options));
    return (url, sent) => byRequest(request(url, { ...sent, dispatcher }));
  },
  "a Client of undici 8": (tokens, account, options) => {
    return async (url, sent) => {
      const { origin, pathname, search } = new URL(url);
      const client = closing(new Client(origin)).compose(wechatToken(tokens, account, options));
      return byRequest(client.request({ method: "GET", ...sent, path: pathname + search }));
    };
  },
  "an Agent of undici 7": (tokens, account, options) => {
    const dispatcher = closing(new Agent7()).compose(wechatToken7(tokens, account, options));
    return (url, sent) => byRequest(request7(url, { ...sent, dispatcher }));
  },
  "undici's fetch with the interceptor": (tokens, account, options) => {
    const dispatcher = closing(new Agent()).compose(wechatToken(tokens, account, options));
    return byFetch(((url: string, init: RequestInit) =>
      undiciFetch(url, { ...init, dispatcher } as never)) as unknown as typeof fetch);
  },
  "the wrapper around the global fetch": (tokens, account, options) =>
    byFetch(createWechatFetch(tokens, account, options)),
  "the wrapper around undici's fetch": (tokens, account, options) =>
    byFetch(createWechatFetch(tokens, account, { ...options, fetch: undiciFetch as unknown as typeof fetch })),
};
const ways = Object.entries(WAYS);

afterEach(async () => {
  await Promise.all(cleanUps.splice(0).map((cleanUp) => cleanUp()));
});

describe.each(ways)("calls through %s", (_name, way) => {
  it("carry the token, and survive that somebody else makes WeChat retire it", async () => {
    await using world = await startWorld({ accounts: [{ name: "shop", token: "classic" }] });
    await world.startRuntime();
    const tokens = world.client({ waitMs: 30_000 });
    const send = way(tokens, "shop", { origins: [world.simulator.url] });
    const call = async (): Promise<unknown> =>
      JSON.parse((await send(`${world.simulator.url}/cgi-bin/user/info?openid=o6_bmjrPTlm6_2sgVt7hMZOPfL2M`)).text);
    expect(await call()).toMatchObject({ openid: expect.any(String) });
    const retired = await tokens.getAccessToken("shop");

    const { control } = world.simulator;
    control.foreignFetch(world.appId("shop"), { family: "classic" });
    control.foreignFetch(world.appId("shop"), { family: "classic" });

    expect(await call()).toMatchObject({ openid: expect.any(String) });
    expect(await tokens.getAccessToken("shop")).not.toBe(retired);
  });
});

/** What a request came with. */
interface Seen {
  readonly url: string;
  readonly method: string | undefined;
  readonly body: string;
}

const REFUSAL = JSON.stringify({ errcode: 40001, errmsg: "invalid credential, access_token is invalid or not latest" });

describe.each(ways)("through %s", (_name, way) => {
  let server: TestRedis;
  let wechat: Server;
  let origin: string;
  let seen: Seen[];
  let reply: (request: IncomingMessage, response: ServerResponse) => void;
  let account: string;
  let tokens: TokenClient;
  let send: Send;

  beforeAll(async () => {
    server = await startTestRedis();
    wechat = createServer((incoming, response) => void answer(incoming, response)).listen(0, "127.0.0.1");
    await once(wechat, "listening");
    origin = `http://127.0.0.1:${(wechat.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    wechat.close();
    wechat.closeAllConnections();
    await server.stop();
  });
  beforeEach(async () => {
    seen = [];
    account = newAccount();
    await putRecord(server.redis, { account, value: "75_old+/=" });
    tokens = createTokenClient({ redis: server.url, waitMs: 20_000 });
    cleanUps.push(() => tokens.close());
    send = way(tokens, account, { origins: [origin] });
  });

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    seen.push({ url: incoming.url ?? "", method: incoming.method, body: Buffer.concat(chunks).toString() });
    reply(incoming, response);
  }
  const accepting =
    (token: string, body: string | Buffer, headers: Record<string, string> = {}) =>
    (incoming: IncomingMessage, response: ServerResponse): void => {
      const given = new URL(incoming.url ?? "", origin).searchParams.get("access_token");
      if (given === token) response.writeHead(200, headers).end(body);
      else response.writeHead(200, { "content-type": "text/plain" }).end(REFUSAL);
    };
  /** The worker has stored another token, of which this process has not heard. */
  async function rotateUnheard(): Promise<void> {
    await tokens.getAccessToken(account);
    await putRecord(server.redis, { account, value: "75_new" });
  }

  it("the token is added and everything else stays as it was", async () => {
    reply = accepting("75_old+/=", "{}");

    await send(`${origin}/cgi-bin/media/get?media_id=a%2Fb&x=%E4%B8%AD`);
    await send(`${origin}/cgi-bin/menu/create`, { method: "POST", body: '{"button":[]}' });

    expect(seen).toEqual([
      {
        url: "/cgi-bin/media/get?media_id=a%2Fb&x=%E4%B8%AD&access_token=75_old%2B%2F%3D",
        method: "GET",
        body: "",
      },
      { url: "/cgi-bin/menu/create?access_token=75_old%2B%2F%3D", method: "POST", body: '{"button":[]}' },
    ]);
  });

  it("a refused call is made once more with the newer token", async () => {
    reply = accepting("75_new", '{"openid":"o1"}', { "content-type": "application/json" });
    await rotateUnheard();

    expect(await send(`${origin}/cgi-bin/user/info?openid=o1`)).toEqual({ status: 200, text: '{"openid":"o1"}' });

    expect(seen.map(({ url }) => new URL(url, origin).searchParams.get("access_token"))).toEqual([
      "75_old+/=",
      "75_new",
    ]);
    expect(await toldAbout(server.redis, account)).toEqual([]);
  });

  it("a refusal in a compressed answer is seen", async () => {
    reply = (incoming, response) => {
      if (incoming.url?.includes("75_new")) response.end("{}");
      else response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(REFUSAL));
    };
    await rotateUnheard();

    expect((await send(`${origin}/cgi-bin/user/info`)).text).toBe("{}");
  });

  it("a call that brings its own credential is left alone, and so is one to another host", async () => {
    reply = (_incoming, response) => response.end(REFUSAL);
    const elsewhere = way(tokens, account, {});

    for (const path of ["/sns/userinfo?access_token=person", "/sns/jscode2session?secret=s&js_code=c"]) {
      expect((await send(origin + path)).text).toBe(REFUSAL);
    }
    expect((await elsewhere(`${origin}/cgi-bin/user/info?openid=o1`)).text).toBe(REFUSAL);

    expect(seen.map(({ url }) => url)).toEqual([
      "/sns/userinfo?access_token=person",
      "/sns/jscode2session?secret=s&js_code=c",
      "/cgi-bin/user/info?openid=o1",
    ]);
    expect(await toldAbout(server.redis, account)).toEqual([]);
  });

  it("the second refusal is the caller's, untouched", async () => {
    const second = REFUSAL.replace("invalid or", "again invalid or");
    reply = (_incoming, response) =>
      response.writeHead(412, { "content-type": "text/plain" }).end(seen.length === 1 ? REFUSAL : second);
    await rotateUnheard();

    expect(await send(`${origin}/cgi-bin/user/info`)).toEqual({ status: 412, text: second });

    expect(seen).toHaveLength(2);
  });

  it("a stream is sent once, and the refusal reported and passed on", async () => {
    reply = accepting("75_new", "{}");
    const body = Readable.from([Buffer.from("a part, "), Buffer.from("another")]);

    expect(await send(`${origin}/cgi-bin/media/upload`, { method: "POST", body })).toEqual({
      status: 200,
      text: REFUSAL,
    });

    expect(seen.map((request_) => request_.body)).toEqual(["a part, another"]);
    expect(await toldAbout(server.redis, account)).toEqual([
      { account, kind: "access_token", fp: fingerprint("75_old+/=") },
    ]);
  });

  it.each([
    ["a short text", Buffer.from("ok")],
    ["nothing", Buffer.from("")],
    ["other JSON", Buffer.from('{"errcode":45009,"errmsg":"reach max api daily quota limit"}')],
    ["JSON longer than any error", Buffer.from(JSON.stringify({ errcode: 40001, list: "x".repeat(10_000) }))],
    ["bytes", Buffer.from("a".repeat(500_000))],
  ])("an answer that is %s comes as it was sent", async (_what, sent) => {
    for (const chunked of [false, true]) {
      reply = (_incoming, response) => {
        if (!chunked) response.setHeader("content-length", sent.byteLength);
        response.write(sent);
        response.end();
      };

      expect((await send(`${origin}/cgi-bin/media/get`)).text).toBe(sent.toString());
    }

    expect(seen).toHaveLength(2);
  });

  it("a connection that breaks in the middle of what may be an error fails the call", async () => {
    reply = (_incoming, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write('{"errcode":40001', () => response.destroy());
    };

    await expect(send(`${origin}/cgi-bin/user/info`)).rejects.toThrow(/closed|terminated|failed/);
    expect(seen).toHaveLength(1);
  });

  it("a call without a token to be had fails with the reason", async () => {
    const impatient = createTokenClient({ redis: server.url, waitMs: 50 });
    cleanUps.push(() => impatient.close());

    await expect(way(impatient, newAccount(), { origins: [origin] })(`${origin}/cgi-bin/user/info`)).rejects.toSatisfy(
      (error: Error) =>
        [error, error.cause].some((one) => (one as Error | undefined)?.name === "TokenUnavailableError"),
    );
    expect(seen).toEqual([]);
  });

  it("an aborted call ends, also while a newer token is awaited", async () => {
    reply = (_incoming, response) => response.end(REFUSAL);
    const controller = new AbortController();
    const calling = send(`${origin}/cgi-bin/user/info`, { signal: controller.signal });
    const ended = calling.catch((error: unknown) => error);
    await expect.poll(() => toldAbout(server.redis, account), { timeout: 10_000 }).toHaveLength(1);

    controller.abort();
    await putRecord(server.redis, { account, value: "75_new" });
    await publishRotation(server.redis, account);

    expect(await ended).toMatchObject({ name: "AbortError" });
  });
});

describe("an answer that is large", () => {
  const SIZE = 256 * 1024 * 1024;
  let wechat: Server;
  let origin: string;
  let tokens: FakeTokens;

  beforeAll(async () => {
    wechat = createServer((_incoming, response) => {
      response.writeHead(200, { "content-type": "image/jpeg" });
      Readable.from(bytes()).pipe(response);
    }).listen(0, "127.0.0.1");
    await once(wechat, "listening");
    origin = `http://127.0.0.1:${(wechat.address() as AddressInfo).port}`;
    tokens = { withToken: async (_account, call) => call("75_any") };
  });
  afterAll(() => {
    wechat.close();
    wechat.closeAllConnections();
  });

  type FakeTokens = Pick<TokenClient, "withToken">;
  const block = Buffer.alloc(64 * 1024, 0xd8);
  function* bytes(): Generator<Buffer> {
    for (let sent = 0; sent < SIZE; sent += block.byteLength) yield block;
  }

  it.each<[string, () => Promise<AsyncIterable<Uint8Array>>]>([
    [
      "the interceptor",
      async () => {
        const dispatcher = closing(new Agent()).compose(wechatToken(tokens, "shop", { origins: [origin] }));
        return (await request(origin, { dispatcher })).body;
      },
    ],
    [
      "the fetch wrapper",
      async () => {
        const response = await createWechatFetch(tokens, "shop", { origins: [origin] })(origin);
        return response.body as unknown as AsyncIterable<Uint8Array>;
      },
    ],
  ])("streams through %s without being held in memory", async (_name, download) => {
    let [received, most] = [0, 0];
    const before = process.memoryUsage.rss();

    for await (const chunk of await download()) {
      received += chunk.byteLength;
      most = Math.max(most, process.memoryUsage.rss());
    }

    expect(received).toBe(SIZE);
    expect(most - before).toBeLessThan(SIZE / 2);
  });
});

describe("the interceptor", () => {
  let origin: string;
  let wechat: Server;
  let urls: string[];

  beforeAll(async () => {
    wechat = createServer((incoming, response) => {
      urls.push(incoming.url ?? "");
      incoming.resume().on("end", () => response.end(incoming.url?.includes("75_new") ? "{}" : REFUSAL));
    }).listen(0, "127.0.0.1");
    await once(wechat, "listening");
    origin = `http://127.0.0.1:${(wechat.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    urls = [];
  });
  afterAll(() => {
    wechat.close();
    wechat.closeAllConnections();
  });

  /** Tokens of which WeChat refuses the first, each time. */
  const tokens: Pick<TokenClient, "withToken"> = {
    async withToken(_account, call, { retry = true } = {}) {
      const first = (await call("75_old")) as { errcode?: number } | undefined;
      return first?.errcode && retry ? call("75_new") : (first as never);
    },
  };

  it("gives no token to a Client that is for another host, whatever the request says", async () => {
    const client = closing(new Client(origin)).compose(wechatToken(tokens, "shop"));

    await byRequest(client.request({ origin: "https://api.weixin.qq.com", path: "/x", method: "GET" }));

    expect(urls).toEqual(["/x"]);
  });

  it("says what to do when a Client of undici 7 does not tell where a request goes", async () => {
    const client = closing(new Client7(origin)).compose(wechatToken7(tokens, "shop", { origins: [origin] }));

    await expect(client.request({ path: "/x", method: "GET" })).rejects.toThrow(TokenClientUsageError);
    await byRequest(client.request({ origin, path: "/x", method: "GET" }));

    expect(urls).toEqual(["/x?access_token=75_old", "/x?access_token=75_new"]);
  });

  it("adds the token to parameters that are given apart", async () => {
    const dispatcher = closing(new Agent()).compose(wechatToken(tokens, "shop", { origins: [origin] }));

    await byRequest(request(origin, { dispatcher, query: { openid: "o1", access_token: "own" } }));
    await byRequest(request(origin, { dispatcher, query: { openid: "o1" } }));

    expect(urls).toEqual([
      "/?openid=o1&access_token=own",
      "/?openid=o1&access_token=75_old",
      "/?openid=o1&access_token=75_new",
    ]);
  });

  it("works inside and outside undici's own interceptors", async () => {
    const mine = wechatToken(tokens, "shop", { origins: [origin] });
    const chains = [
      [mine, interceptors.retry(), interceptors.redirect()],
      [interceptors.retry(), interceptors.redirect(), mine],
      [interceptors.decompress(), mine],
    ];

    for (const chain of chains) {
      const dispatcher = closing(new Agent()).compose(...chain);
      expect((await byRequest(request(`${origin}/x`, { dispatcher }))).text).toBe("{}");
    }
  });

  it("sends forms and blobs again", async () => {
    const dispatcher = closing(new Agent()).compose(wechatToken(tokens, "shop", { origins: [origin] }));
    const form = new UndiciFormData();
    form.set("media", new Blob(["image"]), "image.png");

    for (const body of [form, new Uint8Array([1, 2])]) {
      expect((await byRequest(request(origin, { dispatcher, method: "POST", body }))).text).toBe("{}");
    }
    const send = createWechatFetch(tokens, "shop", { origins: [origin] });
    for (const body of [new Blob(["image"]), new URLSearchParams({ a: "b" }), new FormData()]) {
      expect(await (await send(origin, { method: "POST", body })).text()).toBe("{}");
    }
  });

  it("and the fetch wrapper take a Request, and keep what it says", async () => {
    const send = createWechatFetch(tokens, "shop", { origins: [origin] });
    const headers: unknown[] = [];
    wechat.on("request", (incoming: IncomingMessage) => headers.push([incoming.method, incoming.headers["x-own"]]));

    expect(await (await send(new Request(`${origin}/x`, { headers: { "x-own": "1" } }))).text()).toBe("{}");
    expect(await (await send(new Request(`${origin}/y`, { method: "POST", body: "text" }))).text()).toBe(REFUSAL);

    expect(urls).toEqual(["/x?access_token=75_old", "/x?access_token=75_new", "/y?access_token=75_old"]);
    expect(headers).toEqual([
      ["GET", "1"],
      ["GET", "1"],
      ["POST", undefined],
    ]);
  });

  it.each(["api.weixin.qq.com", "https://api.weixin.qq.com/cgi-bin", "file:///etc", ""])(
    "refuses %j as an origin, and says what one looks like",
    (wrong) => {
      for (const make of [wechatToken, createWechatFetch]) {
        expect(() => make(tokens, "shop", { origins: [wrong] })).toThrow(/no origin.*https:\/\/api\.weixin\.qq\.com/);
      }
    },
  );
});
