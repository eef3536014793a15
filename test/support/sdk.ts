// A world in which an SDK runs with the adapter of its page under docs/sdk, taken from there as it stands.
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jsApiSignature, type TokenClient } from "@tokenkeeper/shared";
import { blockOf, readDocument } from "./markdown.ts";
import { leadWeChatTo } from "./wechat-host.ts";
import { startWorld, type World } from "./world.ts";

/** What every adapter exports besides its SDK. */
interface WithTokens {
  readonly tokens: TokenClient;
}

/** A page of docs/sdk: its name is the package's, its language `js` (CommonJS) or `ts` (ES modules). */
export interface SdkPage {
  readonly sdk: string;
  readonly language: "js" | "ts";
}

/** An SDK in its world. */
export interface SdkWorld<Adapter> extends AsyncDisposable {
  readonly world: World;
  /** What the page's code exports. */
  readonly adapter: Adapter;
  readonly code: string;
  readonly appId: string;
  /** Calls of the SDK to WeChat, by path, oldest first. */
  readonly calls: readonly string[];
  /** Somebody else fetches twice: WeChat refuses the token that everybody here holds. */
  foreignRefresh(): void;
  /** Our signature of the same values with the ticket that WeChat issued. */
  signatureOf(signed: SignedPage): Promise<string>;
}

/** What an SDK gives `wx.config`, and the page it was made for. */
export interface SignedPage {
  readonly nonceStr: string;
  readonly timestamp: number | string;
  readonly url: string;
}

const TEST_MODULES = join(import.meta.dirname, "../node_modules");
const PAGE_APP_ID = "wx1234567890abcdef";
const CLIENT = "createTokenClient({ redis: process.env.REDIS_URL })";
const PATIENT_CLIENT = "createTokenClient({ redis: process.env.REDIS_URL, waitMs: 30_000 })";

/** Calls that fetch a token or a ticket. */
export const FETCH_PATHS = /\/(token|stable_token|getticket)$/;

/** Starts Redis, WeChat and a worker with one classic account, and loads the page's adapter. */
export async function startSdkWorld<Adapter>({ sdk, language }: SdkPage): Promise<SdkWorld<Adapter & WithTokens>> {
  const world = await startWorld({ accounts: [{ name: "shop", token: "classic", tickets: ["jsapi", "wx_card"] }] });
  await world.startRuntime();
  const appId = world.appId("shop");
  const host = leadWeChatTo(world.simulator.url);
  const code = blockOf(await readDocument(`docs/sdk/${sdk}.md`), language);
  const folder = await mkdtemp(join(tmpdir(), "tokenkeeper-sdk-"));
  process.env["REDIS_URL"] = world.redis.url;
  const adapter = await load<Adapter & WithTokens>(folder, language, adapted(code, appId));

  return {
    world,
    adapter,
    code,
    appId,
    calls: host.paths,

    foreignRefresh() {
      world.simulator.control.foreignFetch(appId, { family: "classic" });
      world.simulator.control.foreignFetch(appId, { family: "classic" });
    },

    async signatureOf({ nonceStr, timestamp, url }) {
      const ticket = await world.tokens.getTicket("shop", "jsapi");
      return jsApiSignature({ ticket, nonceStr, timestamp: Number(timestamp), url });
    },

    async [Symbol.asyncDispose]() {
      await adapter.tokens.close();
      host[Symbol.dispose]();
      await world[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The page's code for this world: its account, and a longer wait for a busy machine. */
function adapted(code: string, appId: string): string {
  for (const part of [PAGE_APP_ID, CLIENT]) if (!code.includes(part)) throw new Error(`the page lacks ${part}`);
  return code.replaceAll(PAGE_APP_ID, appId).replace(CLIENT, PATIENT_CLIENT);
}

/** Node itself runs the code, in a project that has the SDK and our package installed. */
async function load<Module>(folder: string, language: "js" | "ts", code: string): Promise<Module> {
  await symlink(TEST_MODULES, join(folder, "node_modules"));
  const file = join(folder, language === "js" ? "wechat.cjs" : "wechat.mts");
  await writeFile(file, code);
  return createRequire(file)(file) as Module;
}
