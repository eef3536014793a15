import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startDashboard, type Running } from "./running.ts";

describe("requests", () => {
  let board: Running;
  let cookie: string;
  let host: string;

  beforeAll(async () => {
    board = await startDashboard();
    cookie = await board.session();
    ({ host } = new URL(board.url));
  });
  afterAll(async () => {
    await board[Symbol.asyncDispose]();
  });

  describe("that change something", () => {
    const retryAll = { method: "PUT", path: "/queues/api/queues/refresh/retry/failed" };
    const login = { method: "POST", path: "/login" };
    const logout = { method: "POST", path: "/logout" };

    it.each<[string, (own: string) => Record<string, string>]>([
      ["no header about its origin", () => ({})],
      ["another site", () => ({ "Sec-Fetch-Site": "cross-site" })],
      ["another site that forges the origin", (own) => ({ "Sec-Fetch-Site": "cross-site", Origin: `http://${own}` })],
      ["a sibling site", () => ({ "Sec-Fetch-Site": "same-site" })],
      ["the address bar", () => ({ "Sec-Fetch-Site": "none" })],
      ["an empty Sec-Fetch-Site", (own) => ({ "Sec-Fetch-Site": "", Origin: `http://${own}` })],
      ["a foreign origin", () => ({ Origin: "https://evil.example" })],
      ["no origin", () => ({ Origin: "null" })],
      ["a sub-domain", (own) => ({ Origin: `http://www.${own}` })],
      ["another port", (own) => ({ Origin: `http://${own.split(":")[0]}:1` })],
      ["a longer name", (own) => ({ Origin: `http://${own}.evil.example` })],
      ["another host in the Host header", () => ({ Host: "evil.example", Origin: "http://127.0.0.1" })],
    ])("are refused from %s", async (_what, headersFor) => {
      for (const ask of [retryAll, login, logout]) {
        const headers = { "Content-Type": "text/plain", Cookie: cookie, ...headersFor(host) };

        const answer = await board.send({ ...ask, headers, body: "username=keeper&password=x" });

        expect(answer.status).toBe(403);
        expect(answer.body).toContain("did not come from this dashboard's own page");
      }
    });

    it("are taken from our own page, with Sec-Fetch-Site or with an Origin alone", async () => {
      for (const headers of [{ "Sec-Fetch-Site": "same-origin" }, { Origin: `http://${host}` }]) {
        const answer = await board.send({ ...retryAll, headers: { Cookie: cookie, ...headers } });

        expect(answer.status).toBe(200);
      }
    });

    it("are taken from the public address when there is one, and from no other", async () => {
      await using behindProxy = await startDashboard({ publicUrl: "https://board.example.com/" });
      const statusFrom = async (origin: string): Promise<number> =>
        (await behindProxy.send({ ...login, headers: { Origin: origin } })).status;

      expect(await statusFrom("https://board.example.com")).toBe(400);
      expect(await statusFrom("http://board.example.com")).toBe(403);
      expect(await statusFrom(behindProxy.url)).toBe(403);
    });
  });

  it("are answered with strict headers", async () => {
    for (const path of ["/login", "/queues", "/queues/api/queues", "/nothing"]) {
      const { headers } = await board.send({ path, headers: { Cookie: cookie } });

      expect(String(headers["content-security-policy"]).split(";")).toEqual([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "font-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "manifest-src 'self'",
        "worker-src 'self'",
      ]);
      expect(headers).toMatchObject({
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
      });
      expect(headers).not.toHaveProperty("x-powered-by");
      expect(headers).not.toHaveProperty("strict-transport-security");
      expect(headers).not.toHaveProperty("access-control-allow-origin");
    }
  });

  it.each([
    ["zh-CN,zh;q=0.9,en;q=0.8", "zh-CN", "登录"],
    ["zh-TW", "zh-CN", "登录"],
    ["zh-Hans-CN", "zh-CN", "登录"],
    ["en-GB,en;q=0.9,zh;q=0.1", "en-US", "Sign in"],
    ["fr-FR", "en-US", "Sign in"],
  ])("in %s are answered in %s", async (accepted, locale, signIn) => {
    const headers = { "Accept-Language": accepted, Cookie: cookie };

    const login = await board.send({ path: "/login", headers });
    const page = await board.send({ path: "/queues", headers });

    expect(login.body).toContain(signIn);
    expect(page.body).toContain(`<html lang="${locale}"`);
    expect(page.body).toContain(`"locale":{"lng":"${locale}"}`);
    expect(page.body).toContain("<title>Tokenkeeper</title>");
  });

  it("for a page get one that names no other host", async () => {
    for (const path of ["/login", "/logout", "/queues", "/queues/queue/refresh"]) {
      const { body } = await board.send({ path, headers: { Cookie: cookie } });

      expect(body).toContain("</html>");
      expect(body).not.toMatch(/(?:https?:)?\/\/[a-z0-9.-]+\.[a-z]/i);
    }
    const page = await board.send({ path: "/queues", headers: { Cookie: cookie } });
    expect(page.body).toContain('href="/board.css"');
  });

  it.each([
    ["/login.css", "text/css"],
    ["/icon.svg", "image/svg+xml"],
  ])("for %s need no session", async (path, type) => {
    expect(await board.send({ path })).toMatchObject({
      status: 200,
      headers: { "content-type": expect.stringContaining(type) },
    });
  });

  it("that are too large in their head are refused", async () => {
    const answer = await board.send({ path: "/login", headers: { Cookie: `sid=${"x".repeat(9_000)}` } });

    expect(answer.status).toBe(431);
  });

  it("about health are answered without a session and without details", async () => {
    await using other = await startDashboard();
    expect(await other.send({ path: "/healthz" })).toMatchObject({ status: 200, body: '{"ok":true}' });
    expect(await other.send({ path: "/readyz" })).toMatchObject({ status: 200, body: '{"ok":true}' });

    await other.server.down();

    expect(await other.send({ path: "/healthz" })).toMatchObject({ status: 200, body: '{"ok":true}' });
    expect(await other.send({ path: "/readyz" })).toMatchObject({ status: 503, body: '{"ok":false}' });
  });

  it("to the board while Redis is down get an answer of ours in time", async () => {
    await using other = await startDashboard();
    const session = await other.session();
    await other.server.down();
    const asked = performance.now();

    const answer = await other.send({ path: "/queues/api/queues", headers: { Cookie: session } });

    expect(answer.status).toBe(503);
    expect(answer.body).toContain("Redis does not answer.");
    expect(performance.now() - asked).toBeLessThan(5_000);
  });
});
