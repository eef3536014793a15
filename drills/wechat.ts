import { NotSeenError } from "./drill.ts";

/** What WeChat answers. */
export interface Answer {
  readonly errcode?: number;
  readonly access_token?: string;
}

/** One call in the simulator's log. */
export interface Call {
  readonly seq: number;
  readonly appId: string | null;
  readonly call: string;
  readonly mode?: "normal" | "force";
  readonly errcode: number;
  readonly verdict: string;
}

/** The settings of an account at the simulator that drills touch. */
export interface AccountSettings {
  readonly secret: string;
  readonly tokenLifeSeconds: number;
  readonly whitelist: readonly string[] | null;
  readonly egressIp: string;
  readonly quotas: Readonly<Record<string, number | null>>;
}

/** The simulated WeChat: what an administrator does in its console, and what apps and thieves call. */
export interface Wechat {
  /** Appids of the accounts that it knows. */
  accountIds(): Promise<string[]>;
  settings(appId: string): Promise<Omit<AccountSettings, "secret">>;
  change(appId: string, settings: Partial<AccountSettings>): Promise<void>;
  /** Successful fetches of classic tokens today. */
  classicUsed(appId: string): Promise<number>;
  /** Number of the last call in the log, and the calls after such a number. */
  lastCall(): Promise<number>;
  callsAfter(seq: number, appId?: string): Promise<Call[]>;
  /** A business call, as an app makes it. */
  businessCall(token: string): Promise<Answer>;
  /** Fetches a token as whoever has the secret can. */
  fetchToken(family: "stable" | "classic", appId: string, secret: string): Promise<Answer>;
}

const DEADLINE_MS = 5_000;

/** @param origin of the simulator, `http://127.0.0.1:<port>` */
export function createWechat(origin: string): Wechat {
  async function ask<T>(path: string, init: { method?: string; body?: object } = {}): Promise<T> {
    const response = await fetch(origin + path, {
      ...(init.method && { method: init.method }),
      ...(init.body && { body: JSON.stringify(init.body) }),
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    if (!response.ok)
      throw new NotSeenError(`the simulator answers ${response.status} to ${init.method ?? "GET"} ${path}`);
    return (await response.json()) as T;
  }

  const callsAfter = (seq: number, appId?: string): Promise<Call[]> =>
    ask(`/__sim/log?after=${seq}${appId === undefined ? "" : `&appId=${appId}`}`);

  return {
    accountIds: async () => (await ask<{ appId: string }[]>("/__sim/accounts")).map(({ appId }) => appId),
    settings: (appId) => ask(`/__sim/accounts/${appId}`),
    async change(appId, settings) {
      await ask(`/__sim/accounts/${appId}`, { method: "PATCH", body: settings });
    },
    async classicUsed(appId) {
      const { accounts } = await ask<{ accounts: { appId: string; quota: { day: Record<string, number> } }[] }>(
        "/__sim/state",
      );
      return accounts.find((account) => account.appId === appId)?.quota.day["token"] ?? 0;
    },
    lastCall: async () => (await callsAfter(0)).at(-1)?.seq ?? 0,
    callsAfter,
    businessCall: (token) => ask(withQuery("/cgi-bin/user/info", { access_token: token, openid: "oDrill" })),
    fetchToken(family, appId, secret) {
      const fields = { grant_type: "client_credential", appid: appId, secret };
      return family === "stable"
        ? ask("/cgi-bin/stable_token", { method: "POST", body: fields })
        : ask(withQuery("/cgi-bin/token", fields));
    },
  };
}

function withQuery(path: string, fields: Readonly<Record<string, string>>): string {
  return `${path}?${new URLSearchParams(fields).toString()}`;
}
