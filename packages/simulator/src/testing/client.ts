import { createSimulator } from "../index.ts";
import type { Simulator, SimulatorOptions } from "../index.ts";

export const APP_ID = "wx00000000000000aa";
export const SECRET = "canary-secret-0123456789abcdef01";

export interface Answer {
  status: number;
  text: string;
  json: Record<string, unknown>;
}

/** A simulator with one account, and what an app would send to it. */
export interface Client {
  simulator: Simulator;
  /** GETs a path of WeChat's or of the control API; with a body, POSTs it (or uses the method given) as JSON. */
  ask: (path: string, options?: { body?: unknown; method?: string; signal?: AbortSignal }) => Promise<Answer>;
  classic: (signal?: AbortSignal) => Promise<Answer>;
  stable: (extra?: object) => Promise<Answer>;
  token: () => Promise<string>;
}

/** Starts a simulator on a free port. */
export async function startClient(options: SimulatorOptions = {}): Promise<Client> {
  const simulator = await createSimulator({ accounts: [{ appId: APP_ID, secret: SECRET }], ...options });
  const ask: Client["ask"] = async (path, { body, method, signal } = {}) => {
    const response = await fetch(simulator.url + path, {
      method: method ?? (body === undefined ? "GET" : "POST"),
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      ...(signal && { signal }),
    });
    const text = await response.text();
    const json = text.startsWith("{") && text.endsWith("}") ? (JSON.parse(text) as Record<string, unknown>) : {};
    return { status: response.status, text, json };
  };
  const classicPath = `/cgi-bin/token?grant_type=client_credential&appid=${APP_ID}&secret=${SECRET}`;
  const credentials = { grant_type: "client_credential", appid: APP_ID, secret: SECRET };
  return {
    simulator,
    ask,
    classic: (signal) => ask(classicPath, signal ? { signal } : {}),
    stable: (extra = {}) => ask("/cgi-bin/stable_token", { body: { ...credentials, ...extra } }),
    token: async () => String((await ask(classicPath)).json["access_token"]),
  };
}
