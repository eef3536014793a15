// Real SDKs whose host can be set: they are given our address and a key of ours, and know nothing else of us.
import { once } from "node:events";
import { connect, type AddressInfo } from "node:net";
import { createServer, type Server } from "node:tls";
import { promisify } from "node:util";
import { jsApiSignature } from "@tokenkeeper/shared";
import { controlKey } from "@tokenkeeper/shared/contract";
import { generate } from "selfsigned";
import { afterEach, describe, expect, it } from "vitest";
import WechatApi from "wechat-api";
import { Store, Wechat } from "wechat-jssdk";
import { startWorld, type World } from "../support/world.ts";

let world: World;
let proxy: Server | undefined;
afterEach(async () => {
  proxy?.close();
  proxy = undefined;
  await world[Symbol.asyncDispose]();
});

/** What stands before the API in production: the SDK speaks nothing but https. @returns host and port. */
async function startTlsProxy(): Promise<string> {
  const extensions = [{ name: "subjectAltName" as const, altNames: [{ type: 7 as const, ip: "127.0.0.1" }] }];
  const { private: key, cert } = await generate([{ name: "commonName", value: "tokens" }], { extensions });
  const { port } = new URL(world.apiUrl);
  proxy = createServer({ key, cert }, (socket) => {
    const upstream = connect(Number(port), "127.0.0.1");
    socket.pipe(upstream).pipe(socket);
    for (const end of [socket, upstream]) end.on("error", () => undefined);
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

describe("wechat-api with setEndpoint", () => {
  it("gets our tokens and tickets, makes every business call through a rotation, and fetches nothing", async () => {
    // An SDK keeps a classic token for 2.5 minutes (here 2.5 s), whatever margin it takes off: this one takes 10 s.
    world = await startWorld({
      accounts: [{ name: "shop", token: "classic", tickets: ["jsapi"] }],
      keys: [{ name: "node", sdkMargin: "10s" }],
      scale: 60,
    });
    await world.startRuntime();
    const tokens = new WechatApi(world.appId("shop"), world.key("node"));
    tokens.setEndpoint(await startTlsProxy());
    tokens.setOpts({ rejectUnauthorized: false });
    const latestToken = promisify(tokens.getLatestToken.bind(tokens));
    const business = new WechatApi(world.appId("shop"), "no secret", (done) => tokens.getLatestToken(done));
    business.endpoint = world.simulator.url;
    const getUser = promisify(business.getUser.bind(business));

    const { accessToken: first } = await latestToken();
    expect(first).toBe(await world.tokens.getAccessToken("shop"));
    const { ticket } = await promisify(tokens.getTicket.bind(tokens))("jsapi");
    expect(ticket).toBe(await world.tokens.getTicket("shop", "jsapi"));

    await world.redis.redis.hset(controlKey({ account: world.appId("shop"), kind: "access_token" }), "plan_at", 1);
    const verdict = (): string => world.simulator.control.tokenVerdict(world.appId("shop"), first);
    let calls = 0;
    for (; verdict() === "accepted"; calls += 1) {
      expect(await getUser("o6_bmjrPTlm6_2sgVt7hMZOPfL2M")).toMatchObject({ openid: expect.any(String) });
    }

    expect(calls).toBeGreaterThan(10);
    const { accessToken: second } = await latestToken();
    expect(second).not.toBe(first);
    expect(await getUser("o6_bmjrPTlm6_2sgVt7hMZOPfL2M")).toMatchObject({ openid: expect.any(String) });
    expect(world.fetches("shop", "token").map(({ errcode }) => errcode)).toEqual([0, 0]);
    expect(world.fetches("shop", "getticket:jsapi")).toHaveLength(1);
  });
});

describe("wechat-jssdk with accessTokenUrl and ticketUrl", () => {
  it("signs with our ticket and fetches nothing", async () => {
    world = await startWorld({ accounts: [{ name: "shop", tickets: ["jsapi"] }], keys: [{ name: "node" }] });
    await world.startRuntime();
    const url = "https://shop.example/page?id=1";
    const { jssdk } = new Wechat({
      appId: world.appId("shop"),
      appSecret: world.key("node"),
      wechatToken: "unused",
      store: new Store(), // in memory; its default writes the token into a file
      wechatRedirectUrl: url,
      accessTokenUrl: `${world.apiUrl}/cgi-bin/token`,
      ticketUrl: `${world.apiUrl}/cgi-bin/ticket/getticket`,
    });

    const { timestamp, nonceStr, signature } = await jssdk.getSignature(url);

    const ticket = await world.tokens.getTicket("shop", "jsapi");
    expect(signature).toBe(jsApiSignature({ ticket, nonceStr, timestamp: Number(timestamp), url }));
    expect(world.fetches("shop", "stable_token")).toHaveLength(1);
    expect(world.fetches("shop", "getticket:jsapi")).toHaveLength(1);
  });
});
