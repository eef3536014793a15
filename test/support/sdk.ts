// A world in which an SDK runs with the adapter of its page under docs/sdk, taken from there as it stands.
import assert from "node:assert/strict";
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

/** The code block of a page: `js` is CommonJS, `ts` an ES module. */
export interface AdapterCode {
  readonly language: "js" | "ts";
  readonly code: string;
}

/** An SDK in its world. */
export interface SdkWorld<Adapter> extends AsyncDisposable {
  readonly world: World;
  /** What the page's code exports. */
  readonly adapter: Adapter;
  readonly appId: string;
  /** A folder for the test's own files. */
  readonly folder: string;
  /** The SDK's calls to WeChat, oldest first. */
  readonly calls: readonly URL[];
  /** Somebody else fetches twice: WeChat refuses the token that everybody here holds. */
  foreignRefresh(name?: "shop" | "mini"): void;
  /** How WeChat judged the account's calls of this name, oldest first. */
  verdicts(call: string, name?: "shop" | "mini"): string[];
  /** @throws when the SDK fetched a token or a ticket, or anybody tried it without the right secret. */
  assertNoFetch(): void;
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

/** Appid or secret are missing or wrong. */
const SECRET_ERRCODES = new Set([40013, 40125, 41002, 41004]);

/** Whether a call fetches a token or a ticket. */
export function isFetch({ pathname }: URL): boolean {
  return /\/(token|stable_token|getticket)$/.test(pathname);
}

/** The adapter as the page `docs/sdk/<sdk>.md` shows it. */
export async function adapterOf(sdk: string): Promise<AdapterCode> {
  const page = await readDocument(`docs/sdk/${sdk}.md`);
  const language = page.includes("\n```ts\n") ? "ts" : "js";
  return { language, code: blockOf(page, language) };
}

/** A project that has the SDKs and our package installed, with this code in it. @returns the file of the code. */
export async function createProject(folder: string, { language, code }: AdapterCode): Promise<string> {
  await symlink(TEST_MODULES, join(folder, "node_modules"));
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: language === "js" ? "commonjs" : "module" }));
  const file = join(folder, `wechat.${language}`);
  await writeFile(file, code);
  return file;
}

/** Starts Redis, WeChat and a worker with the account of the page and a mini program; Node itself loads the page's adapter. */
export async function startSdkWorld<Adapter>(sdk: string): Promise<SdkWorld<Adapter & WithTokens>> {
  const world = await startWorld({
    accounts: [
      { name: "shop", token: "classic", tickets: ["jsapi", "wx_card"] },
      { name: "mini", token: "classic", type: "mini-program" },
    ],
  });
  await world.startRuntime();
  const appId = world.appId("shop");
  const host = leadWeChatTo(world.simulator.url);
  const folder = await mkdtemp(join(tmpdir(), "tokenkeeper-sdk-"));
  const { language, code } = await adapterOf(sdk);
  const file = await createProject(folder, { language, code: adapted(code, appId) });
  process.env["REDIS_URL"] = world.redis.url;
  const adapter = createRequire(file)(file) as Adapter & WithTokens;

  return {
    world,
    adapter,
    appId,
    folder,
    calls: host.calls,

    foreignRefresh(name = "shop") {
      world.simulator.control.foreignFetch(world.appId(name), { family: "classic" });
      world.simulator.control.foreignFetch(world.appId(name), { family: "classic" });
    },

    verdicts: (call, name = "shop") =>
      world.simulator.control.log({ appId: world.appId(name), call }).map(({ verdict }) => verdict),

    assertNoFetch() {
      const bySdk = host.calls.filter(isFetch).map(({ pathname }) => pathname);
      const refused = ["shop", "mini"]
        .flatMap((name) => world.fetches(name))
        .filter(({ errcode }) => SECRET_ERRCODES.has(errcode));
      assert.deepEqual([bySdk, refused], [[], []]);
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
