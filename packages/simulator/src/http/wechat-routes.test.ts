import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { APP_ID, SECRET, startClient } from "../testing/client.ts";
import type { Client } from "../testing/client.ts";

const RID = / rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$/;

describe("WeChat's paths", () => {
  let client: Client;
  beforeAll(async () => {
    client = await startClient();
  });
  beforeEach(() => client.simulator.control.reset());
  afterAll(() => client.simulator.close());

  it("answer as documented on success, without telling what serves them", async () => {
    const { ask, classic, stable } = client;
    const { json: token } = await classic();
    expect(Object.keys(token)).toEqual(["access_token", "expires_in"]);
    expect((await stable()).json["expires_in"]).toBe(7200);
    const query = `access_token=${String(token["access_token"])}`;
    const ticket = await ask(`/cgi-bin/ticket/getticket?${query}&type=jsapi`);
    expect(ticket.json).toMatchObject({ errcode: 0, errmsg: "ok", expires_in: 7200 });
    expect((await ask(`/cgi-bin/user/info?${query}&openid=o1&lang=zh_CN`)).json).toMatchObject({ openid: "o1" });
    expect((await ask(`/cgi-bin/get_api_domain_ip?${query}`)).json["ip_list"]).toHaveLength(3);
    expect((await ask(`/cgi-bin/getcallbackip?${query}`)).json["ip_list"]).toHaveLength(2);
    const message = { touser: "o1", template_id: "t1", data: {} };
    const sent = await ask(`/cgi-bin/message/template/send?${query}`, { body: message });
    expect(sent.json).toEqual({ errcode: 0, errmsg: "ok", msgid: expect.any(Number) });
    const form = new FormData();
    form.set("media", new Blob(["pixels"]), "a.png");
    const upload = `${client.simulator.url}/cgi-bin/media/upload?${query}&type=image`;
    const uploaded = await (await fetch(upload, { method: "POST", body: form })).json();
    expect(uploaded).toMatchObject({ type: "image", media_id: expect.any(String), created_at: expect.any(Number) });
    const decrypted = await ask(`/card/code/decrypt?${query}`, { body: { encrypt_code: "XXIzTtMqCxwOaawoE91" } });
    expect(decrypted.json).toMatchObject({ errcode: 0, code: expect.stringMatching(/^\d+$/) });
    const quota = await ask(`/cgi-bin/openapi/quota/get?${query}`, { body: { cgi_path: "/cgi-bin/token" } });
    expect(quota.json).toMatchObject({ quota: { used: 1 } });
    const cleared = await ask("/cgi-bin/clear_quota/v2", { body: { appid: APP_ID, appsecret: SECRET } });
    expect(cleared.json).toEqual({ errcode: 0, errmsg: "ok" });
    const response = await fetch(`${client.simulator.url}/cgi-bin/get_api_domain_ip?${query}`);
    expect(response.headers.get("x-powered-by")).toBeNull();
  });

  it.each<[string, { body?: unknown; method?: string }, number]>([
    ["/cgi-bin/token?appid=a&secret=b", {}, 40002],
    ["/cgi-bin/token?grant_type=client_credential&secret=b", {}, 41002],
    [`/cgi-bin/token?grant_type=client_credential&appid=${APP_ID}`, {}, 41004],
    ["/cgi-bin/token?grant_type=client_credential&appid=wxnobody&secret=b", {}, 40013],
    [`/cgi-bin/token?grant_type=client_credential&appid=${APP_ID}&secret=b`, {}, 40125],
    ["/cgi-bin/token", { body: {} }, 43001],
    ["/cgi-bin/stable_token", {}, 43002],
    ["/cgi-bin/stable_token", { body: "not json" }, 47001],
    ["/cgi-bin/stable_token", { body: "[]" }, 47001],
    ["/cgi-bin/stable_token", { body: "", method: "POST" }, 47001],
    ["/cgi-bin/stable_token", { body: { grant_type: "client_credential", appid: "wxnobody", secret: "b" } }, 40013],
    ["/cgi-bin/user/info?openid=o1", {}, 41001],
    ["/cgi-bin/user/info?access_token=ACCESS_TOKEN&openid=o1", {}, 40014],
    ["/cgi-bin/message/template/send", {}, 43002],
    ["/cgi-bin/message/template/send?access_token=ACCESS_TOKEN", { body: {} }, 40014],
    ["/cgi-bin/clear_quota/v2", { body: { appid: APP_ID } }, 41004],
    ["/cgi-bin/nothing", {}, 40066],
  ])("%s %o is refused under HTTP 200 with %i and a rid", async (path, options, errcode) => {
    const answer = await client.ask(path, options);
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ errcode });
    expect(answer.json["errmsg"]).toMatch(RID);
  });

  it("refuse the first token after the third fetch, and name what is missing in a business call", async () => {
    const [first, second, third] = [await client.token(), await client.token(), await client.token()];
    const call = async (token: string, rest = "&openid=o1") =>
      (await client.ask(`/cgi-bin/user/info?access_token=${token}${rest}`)).json["errcode"];
    expect([await call(first), await call(second), await call(third)]).toEqual([40001, undefined, undefined]);
    expect([await call(third, ""), await call(third, "&openid=%20")]).toEqual([41009, 40003]);
    const send = async (body: object) =>
      (await client.ask(`/cgi-bin/message/template/send?access_token=${third}`, { body })).json["errcode"];
    expect([await send({}), await send({ touser: "o1" })]).toEqual([40003, 40037]);
    const upload = async (type: string) =>
      (await client.ask(`/cgi-bin/media/upload?access_token=${third}&type=${type}`, { body: "--x\nfilename=" })).json;
    expect([(await upload("text"))["errcode"], (await upload("image"))["errcode"]]).toEqual([40004, 41005]);
    const decrypted = await client.ask(`/card/code/decrypt?access_token=${third}`, { body: {} });
    expect(decrypted.json["errcode"]).toBe(40097);
    const { control } = client.simulator;
    expect([first, second, third, "60_x"].map((token) => control.tokenVerdict(APP_ID, token))).toEqual([
      "superseded",
      "accepted",
      "accepted",
      "unknown",
    ]);
    expect(control.log({ call: "user/info" }).map(({ ordinal, verdict }) => `${ordinal} ${verdict}`)).toEqual([
      "1 superseded",
      "2 accepted",
      "3 accepted",
      "3 accepted",
      "3 accepted",
    ]);
  });

  it("go by the token alone where there is one, whatever appid stands beside it", async () => {
    const answer = await client.ask(`/cgi-bin/get_api_domain_ip?access_token=${await client.token()}&appid=wxnobody`);
    expect(answer.json["ip_list"]).toHaveLength(3);
  });

  it("carry tokens of 2048 characters", async () => {
    client.simulator.control.patchAccount(APP_ID, { tokenLength: 2048 });
    const token = await client.token();
    expect(token).toHaveLength(2048);
    const answer = await client.ask(`/cgi-bin/user/info?access_token=${token}&openid=o1`);
    expect(answer.json).toMatchObject({ subscribe: 1 });
  });
});
