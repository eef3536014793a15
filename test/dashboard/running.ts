// A dashboard on a Redis of its own, and raw HTTP to it.
import { request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http";
import { createLog } from "@tokenkeeper/core";
import { createDashboard, type Dashboard } from "@tokenkeeper/dashboard";
import { startTestRedis, type TestRedis } from "../support/redis.ts";

export const CREDENTIALS = { user: "keeper", password: "correct horse battery" } as const;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Ask {
  readonly method?: string;
  /** Sent as it is, not normalised. */
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

export interface Running extends AsyncDisposable {
  readonly url: string;
  readonly server: TestRedis;
  readonly dashboard: Dashboard;
  send(ask: Ask): Promise<Answer>;
  /** Like a page of the dashboard: with the headers that a browser adds. */
  sendOwn(ask: Ask): Promise<Answer>;
  signIn(credentials?: { user: string; password: string }): Promise<Answer>;
  /** Signs in and returns the `Cookie` header. */
  session(): Promise<string>;
}

export async function startDashboard(options: { publicUrl?: string } = {}): Promise<Running> {
  const server = await startTestRedis();
  const dashboard = await createDashboard({
    redisUrl: server.url,
    host: "127.0.0.1",
    port: 0,
    credentials: CREDENTIALS,
    publicUrl: options.publicUrl,
    log: createLog({ name: "dashboard", level: "silent", pretty: false }),
  });
  const send = (ask: Ask): Promise<Answer> => exchange(dashboard.url, ask);
  const sendOwn = (ask: Ask): Promise<Answer> =>
    send({ ...ask, headers: { "Sec-Fetch-Site": "same-origin", ...ask.headers } });
  const signIn: Running["signIn"] = ({ user, password } = CREDENTIALS) =>
    sendOwn({ method: "POST", path: "/login", ...form({ username: user, password }) });
  return {
    url: dashboard.url,
    server,
    dashboard,
    send,
    sendOwn,
    signIn,
    async session() {
      return cookieOf(await signIn());
    },
    async [Symbol.asyncDispose]() {
      await dashboard.close();
      await server.stop();
    },
  };
}

/** Body and content type of a form. */
export function form(fields: Readonly<Record<string, string>>): { body: string; headers: OutgoingHttpHeaders } {
  return {
    body: new URLSearchParams(fields).toString(),
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
  };
}

/** `name=value` of the cookie that an answer sets. */
export function cookieOf(answer: Answer): string {
  const [cookie] = answer.headers["set-cookie"] ?? [];
  if (cookie === undefined) throw new Error(`no cookie in an answer with status ${answer.status}`);
  return cookie.split(";")[0] ?? "";
}

function exchange(base: string, { method = "GET", path, headers = {}, body = "" }: Ask): Promise<Answer> {
  const { hostname, port } = new URL(base);
  const length = body === "" ? {} : { "Content-Length": Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const options = { hostname, port, method, path, headers: { ...length, ...headers }, agent: false } as const;
    const request = httpRequest(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString("utf8"),
        }),
      );
    });
    request.on("error", reject);
    request.end(body);
  });
}
