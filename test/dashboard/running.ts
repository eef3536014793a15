// A dashboard on a Redis of its own with a user of each role, and raw HTTP to it.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AlertsSource } from "@tokenkeeper/alerts";
import { createLog } from "@tokenkeeper/core";
import { createDashboard, type Dashboard } from "@tokenkeeper/dashboard";
import { createAuditReader } from "../../packages/dashboard/src/audit/audit-reader.ts";
import { parseTrustedProxies } from "../../packages/dashboard/src/trusted-proxies.ts";
import { formatHash, hashPassword, SALT_BYTES, type AuditEntry, type Role } from "@tokenkeeper/ops";
import { createUsersSource } from "../../packages/dashboard/src/users/users-watch.ts";
import { startTestRedis, type TestRedis } from "../support/redis.ts";

export const CREDENTIALS = { user: "keeper", password: "correct horse battery" } as const;

/** Users of the file, named after their roles, all with the same password. */
export const PASSWORD = "staple of the morning";
const HASH = formatHash(await hashPassword(PASSWORD, Buffer.alloc(SALT_BYTES, 7)));
export const USERS: readonly FileUser[] = [
  { name: "viewer", role: "viewer", password: HASH },
  { name: "operator", role: "operator", password: HASH },
  { name: "admin", role: "admin", password: HASH },
];

export interface FileUser {
  readonly name: string;
  readonly role: Role;
  readonly password?: string;
}

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
  /** Signs in and returns the `Cookie` header: as the admin of the environment, or as the user of the file with a role. */
  session(role?: Role): Promise<string>;
  /** Writes the file of users anew. */
  writeUsers(users: readonly FileUser[]): Promise<void>;
  /** The lines of the audit trail, newest first, as the page gets them. */
  audited(): Promise<AuditEntry[]>;
}

export interface RunningOptions {
  readonly publicUrl?: string;
  /** Name of the header by which trusted proxies say who is signed in. */
  readonly trustedHeader?: string;
  readonly trustedProxies?: string;
  readonly alerts?: AlertsSource | undefined;
  readonly timeScale?: number;
}

export async function startDashboard(options: RunningOptions = {}): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), "tokenkeeper-users-"));
  const file = join(folder, "users.yaml");
  const writeUsers = (users: readonly FileUser[]): Promise<void> =>
    writeFile(file, JSON.stringify({ users }), { mode: 0o600 });
  await writeUsers(USERS);
  const proxies = parseTrustedProxies(options.trustedProxies, options.trustedHeader);
  if ("problems" in proxies) throw new Error(JSON.stringify(proxies.problems));
  const server = await startTestRedis();
  const dashboard = await createDashboard({
    redisUrl: server.url,
    host: "127.0.0.1",
    port: 0,
    credentials: CREDENTIALS,
    users: createUsersSource(file, { takenName: CREDENTIALS.user, singleSignOn: options.trustedHeader !== undefined }),
    proxies: proxies.proxies,
    publicUrl: options.publicUrl,
    alerts: options.alerts,
    ...(options.timeScale !== undefined && { timeScale: options.timeScale }),
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
    async session(role) {
      return cookieOf(await signIn(role === undefined ? CREDENTIALS : { user: role, password: PASSWORD }));
    },
    writeUsers,
    audited: async () => [...(await createAuditReader(server.redis).read(undefined, 1_000)).entries],
    async [Symbol.asyncDispose]() {
      await dashboard.close();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
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
