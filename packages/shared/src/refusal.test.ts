import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { refusedCode } from "./refusal.ts";

const returned = (value: unknown): PromiseSettledResult<unknown> => ({ status: "fulfilled", value });
const thrown = (reason: unknown): PromiseSettledResult<unknown> => ({ status: "rejected", reason });

const BODY = { errcode: 40001, errmsg: "invalid credential, access_token is invalid or not latest rid: 65a" };
const TEXT = JSON.stringify(BODY);
const BYTES = Buffer.from(TEXT);
const error = (fields: object): Error => Object.assign(new Error("refused"), fields);

describe("refusedCode", () => {
  it.each([
    ["40001", returned(BODY), 40001],
    ["40014", returned({ errcode: 40014 }), 40014],
    ["42001", returned({ errcode: 42001 }), 42001],
    ["a code as text", returned({ errcode: "42001" }), 42001],
    ["JSON text", returned(TEXT), 40001],
    ["JSON text after a byte order mark and a line break", returned(`\ufeff\r\n${TEXT}`), 40001],
    ["JSON text with a raw control character", returned('{"errcode":42001,"errmsg":"a\u0001\tb"}'), 42001],
    ["a Buffer", returned(BYTES), 40001],
    ["a Uint8Array", returned(new Uint8Array(BYTES)), 40001],
    ["a part of a larger ArrayBuffer", returned(Buffer.concat([Buffer.alloc(9), BYTES]).subarray(9)), 40001],
    ["an ArrayBuffer", returned(new Uint8Array(BYTES).buffer), 40001],
    ["an axios response", returned({ status: 200, headers: {}, data: BODY }), 40001],
    ["an axios response with responseType text", returned({ status: 200, data: TEXT }), 40001],
    ["an axios response with responseType arraybuffer", returned({ status: 200, data: BYTES }), 40001],
    ["a got response", returned({ statusCode: 200, body: TEXT, rawBody: BYTES }), 40001],
    ["a superagent response", returned({ status: 200, body: BODY, text: TEXT }), 40001],
    ["a urllib response", returned({ status: 200, data: BYTES, res: {} }), 40001],
    ["a node-easywechat response", returned({ response: { status: 200, data: BODY }, throwError: true }), 40001],
    ["an error with errcode", thrown(error({ errcode: 42001 })), 42001],
    ["a co-wechat-api error", thrown(error({ name: "WeChatAPIError", code: 40001 })), 40001],
    ["an AxiosError", thrown(error({ code: "ERR_BAD_REQUEST", response: { status: 412, data: BODY } })), 40001],
    ["an AxiosError with bytes", thrown(error({ response: { status: 412, data: BYTES } })), 40001],
    ["a got HTTPError", thrown(error({ code: "ERR_NON_2XX", response: { statusCode: 412, body: TEXT } })), 40001],
    ["a thrown body", thrown(BODY), 40001],
  ])("finds the code in %s", (_case, result, code) => {
    expect(refusedCode(result)).toBe(code);
  });

  const throwing = {
    get errcode(): number {
      throw new Error("not yours");
    },
  };

  it.each([
    ["a success", returned({ errcode: 0 })],
    ["another code", returned({ errcode: 45009 })],
    ["a longer code that begins alike", returned({ errcode: 400011 })],
    ["a body without a code", returned({ openid: "o1" })],
    ["a text that is a code", returned("40001")],
    ["a text that speaks of a code", returned("errcode 40001")],
    ["a page", returned("<html>40001</html>")],
    ["broken JSON", returned('{"errcode":40001')],
    ["a list", returned([BODY])],
    ["a code deep inside", returned({ items: [{ errcode: 40001 }] })],
    ["an object of the app's own with data", returned({ data: BODY })],
    ["a text longer than any error", returned(`{"errcode":40001,"errmsg":"${"x".repeat(4_096)}"}`)],
    ["bytes longer than any error", returned(Buffer.from(`{"errcode":40001,"errmsg":"${"x".repeat(4_096)}"}`))],
    ["an image", returned(Buffer.from([0xff, 0xd8, 0xff, 0xe0]))],
    ["a code that is an object", returned({ errcode: [40001] })],
    ["nothing", returned(undefined)],
    ["null", thrown(null)],
    ["an error without a code", thrown(new Error("40001"))],
    ["a network error", thrown(error({ code: "ECONNRESET" }))],
    ["an SQL state", thrown(error({ code: "42001" }))],
    ["a number as an object's code", returned({ code: 40001 })],
    ["a getter that throws", returned(throwing)],
  ])("finds none in %s", (_case, result) => {
    expect(refusedCode(result)).toBeUndefined();
  });

  it("leaves streams unread", () => {
    const stream = Readable.from([TEXT]);
    const response = new Response(TEXT);

    for (const result of [
      returned(stream),
      returned({ status: 200, data: stream, body: stream }),
      returned(response),
    ]) {
      expect(refusedCode(result)).toBeUndefined();
    }

    expect(stream.readableDidRead).toBe(false);
    expect(response.bodyUsed).toBe(false);
  });
});
