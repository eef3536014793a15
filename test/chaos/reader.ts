// A process of an app: business calls through the token client, one line of JSON for each.
import { createTokenClient, TokenUnavailableError } from "@tokenkeeper/shared";
import { fingerprint } from "@tokenkeeper/shared/contract";
import { Agent, request } from "undici";
import type { ReaderSettings, ReaderLine, ReaderTry } from "./reader-log.ts";

const settings = JSON.parse(process.env["CHAOS_READER"] ?? "") as ReaderSettings;
const agent = new Agent({ connections: 32 });
const tokens = createTokenClient({ redis: settings.redisUrl, timeScale: settings.scale });

async function businessCall(token: string, tries: ReaderTry[]): Promise<{ errcode: number }> {
  const { body } = await request(`${settings.wechatUrl}/cgi-bin/user/info`, {
    query: { access_token: token, openid: "o6_bmjrPTlm6_2sgVt7hMZOPfL2M" },
    dispatcher: agent,
  });
  const { errcode = 0 } = (await body.json()) as { errcode?: number };
  tries.push({ fp: fingerprint(token), errcode });
  return { errcode };
}

async function callOnce(account: string): Promise<void> {
  const from = performance.now();
  const tries: ReaderTry[] = [];
  const outcome = await tokens
    .withToken(account, (token) => businessCall(token, tries))
    .then(
      ({ errcode }): Pick<ReaderLine, "outcome" | "detail"> =>
        errcode === 0 ? { outcome: "ok" } : { outcome: "refused", detail: String(errcode) },
      (error: unknown): Pick<ReaderLine, "outcome" | "detail"> =>
        error instanceof TokenUnavailableError
          ? { outcome: "unavailable", detail: error.reason }
          : { outcome: "failed", detail: error instanceof Error ? error.name : typeof error },
    );
  const line: ReaderLine = { at: Date.now(), ms: Math.round(performance.now() - from), account, ...outcome, tries };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

// Calls begin at a fixed pace whether or not earlier ones have ended, as an app's users would have it.
let next = 0;
const running = new Set<Promise<void>>();
const timer = setInterval(() => {
  const account = settings.accounts[next % settings.accounts.length];
  next += 1;
  if (account === undefined || running.size >= settings.mostAtOnce) return;
  const call = callOnce(account).finally(() => running.delete(call));
  running.add(call);
}, 1_000 / settings.callsPerSecond);

async function stop(): Promise<void> {
  clearInterval(timer);
  await Promise.all(running);
  await tokens.close();
  await agent.destroy();
  process.exit();
}
process.once("SIGTERM", () => void stop());
process.once("disconnect", () => void stop());
