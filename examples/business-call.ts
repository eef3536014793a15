// What an app does: reads the token that Tokenkeeper keeps fresh and makes a business call with it.
// Run it with `npx -y pnpm example` while `npx -y pnpm start` runs.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createTokenClient, TokenClientUsageError, TokenUnavailableError } from "@tokenkeeper/shared";

/** Where WeChat is: `WECHAT_API_BASE_URL`, else the simulator of the running start, else WeChat itself. */
async function apiBase(): Promise<string> {
  if (process.env["WECHAT_API_BASE_URL"]) return process.env["WECHAT_API_BASE_URL"];
  const home = process.env["TOKENKEEPER_HOME"] || join(import.meta.dirname, "..", ".tokenkeeper");
  const running = await readFile(join(home, "start.json"), "utf8").catch(() => "{}");
  const { addresses } = JSON.parse(running) as { addresses?: { simulator?: string } };
  return addresses?.simulator ?? "https://api.weixin.qq.com";
}

async function main(): Promise<void> {
  const tokens = createTokenClient();
  try {
    const base = await apiBase();
    const reply = await tokens.withToken(process.argv[2] ?? "shop", async (token) => {
      const url = new URL("/cgi-bin/user/info", base);
      url.search = new URLSearchParams({ access_token: token, openid: "oExampleOpenId", lang: "zh_CN" }).toString();
      return (await (await fetch(url)).json()) as { errcode?: number };
    });
    console.log(reply.errcode ? "WeChat refused the call:" : "WeChat accepted the call:", reply);
    process.exitCode = reply.errcode ? 1 : 0;
  } finally {
    await tokens.close();
  }
}

function sentenceOf(error: unknown): string {
  const unavailable = error instanceof TokenUnavailableError && error.reason !== "redis_unreachable";
  if (unavailable || error instanceof TokenClientUsageError) return error.message;
  return "Redis or WeChat could not be reached. Is `npx -y pnpm start` running?";
}

try {
  await main();
} catch (error) {
  console.error(sentenceOf(error));
  process.exitCode = 1;
}
