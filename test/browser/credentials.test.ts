// Somebody on call who has never seen the pages: finds what fails among 10,000, learns why, mends it, watches it recover.
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { beijingDate, REFRESH_QUEUE } from "@tokenkeeper/core";
import { ACCOUNTS_KEY, FOLLOWERS_KEY, reportersKey, usageKey } from "@tokenkeeper/shared/contract";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { appIdOf, claim, populate } from "../support/population.ts";
import { startBoard, type Board, type BoardPage } from "./board.ts";

const MANY = 10_000;
const IMAGES = join(import.meta.dirname, "../../docs/images");
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

describe("the pages", { timeout: 120_000 }, () => {
  let board: Board;
  let seen: BoardPage;
  let page: Page;

  beforeAll(async () => {
    board = await startBoard([
      { name: "failing", wechat: { whitelist: ["198.51.100.1"] } },
      { name: "shop", tickets: ["jsapi"] },
      { name: "campaign", token: "classic" },
    ]);
    await populate(board.world.redis.redis, MANY);
    await claim(board.world.redis.redis, MANY);
    await board.world.startRuntime();
    await board.waitForJobs("failed", 1);
    await board.waitForJobs("completed", 3);
    seen = await board.open();
    page = seen.page;
    await seen.signIn();
    await rowOf("failing").waitFor();
  }, 120_000);
  afterAll(() => board[Symbol.asyncDispose]());

  function rowOf(name: string): Locator {
    return page
      .getByRole("row")
      .filter({ has: page.getByRole("link", { name, exact: true }) })
      .first();
  }

  function search(text: string): Promise<void> {
    return page.getByRole("searchbox").fill(text);
  }

  async function showCredential(name: string): Promise<void> {
    await page.goto(`${board.url}/credentials/${board.world.appId(name)}/access_token`);
    await page.getByRole("heading", { level: 1, name: `${name} · access_token` }).waitFor();
  }

  /** Waits until the list has so many rows, without the head. A page is drawn a moment after what is typed. */
  function listed(rows: number): Promise<void> {
    return page.locator(`[role=table][aria-rowcount="${rows + 1}"]`).waitFor();
  }

  it("show the failing account first among 10,000, say why, and what to do", async () => {
    await listed(MANY + 4);
    const text = await page.getByRole("row").nth(1).innerText();
    expect(text).toContain("failing");
    expect(text).toContain("Needs you");
    expect(text).toContain("The IP 203.0.113.7 is not on the account's whitelist.");
    expect(text).toContain("What to do: Add 203.0.113.7 to the IP whitelist");
    await picture("credentials");
  });

  it("draw what is in sight of 10,000 rows, and the last one when somebody goes there", async () => {
    expect(await page.getByRole("row").count()).toBeLessThan(60);
    await page.getByLabel("Sort by").selectOption("name");
    await eventually(
      async () => {
        // Rows are measured when they are drawn: the end may have moved.
        await page.locator(".scroller").press("End");
        expect(await rowOf("shop").isVisible()).toBe(true);
      },
      { what: "the last row" },
    );
    await page.getByLabel("Sort by").selectOption("life");
    await page.locator(".scroller").press("Home");
    // The one without a value has least; then the ends that were written by hand, from the last account to the first.
    await eventually(
      async () => expect(await page.getByRole("row").nth(2).innerText()).toContain(`account ${MANY - 1}`),
      { what: "the order by life" },
    );
    await page.getByLabel("Sort by").selectOption("worst");
  });

  it("find by name, by appid and by state, and the address keeps it", async () => {
    await search("account 9999");
    await listed(1);
    await rowOf("account 9999").waitFor();
    expect(new URL(page.url()).search).toBe("?search=account+9999");
    await page.reload();
    await listed(1);
    await search(board.world.appId("campaign").toUpperCase());
    await rowOf("campaign").waitFor();
    await search("");
    await page.getByLabel("State").selectOption("blocked");
    await listed(1);
    await page.getByLabel("State").selectOption("all");
    await search("no such account");
    await page.getByText("No credential matches").waitFor();
    await search("");
  });

  it("update by themselves while a value is rotated, and move the bar", async () => {
    await showCredential("campaign");
    const fingerprint = page.locator("dt", { hasText: "Fingerprint" }).locator("xpath=following-sibling::dd");
    const before = await fingerprint.innerText();
    const width = (): Promise<number> =>
      page
        .locator(".now .bar > span")
        .evaluate((bar: { style: { width: string } }) => Number.parseFloat(bar.style.width));
    const widthBefore = await width();
    await eventually(async () => expect(await width()).toBeLessThan(widthBefore), { what: "the bar to move" });
    const account = board.world.appId("campaign");

    await board.world.refreshQueue.add(
      "campaign · access_token",
      { account, kind: "access_token", reason: "forced" },
      { attempts: 1 },
    );

    await eventually(async () => expect(await fingerprint.innerText()).not.toBe(before), {
      what: "the new fingerprint",
    });
    await page.getByRole("cell", { name: "forced" }).first().waitFor();
    expect(await page.locator(".uplot canvas").count()).toBe(3);
    const token = await board.world.client().getAccessToken("campaign");
    expect(await page.content()).not.toContain(token);
  });

  it("ask before what cannot be taken back, and Escape means no", async () => {
    const ref = { account: board.world.appId("shop"), kind: "access_token" } as const;
    const reported = { since: Date.now(), at: Date.now(), times: 1, result: "accepted_by_wechat" };
    await board.world.redis.redis.hset(reportersKey(ref), "shop-web", JSON.stringify(reported));
    await showCredential("shop");
    await page.getByRole("row", { name: "shop-web" }).getByText("WeChat accepts the value").waitFor();
    const fetches = board.world.fetches("shop").length;
    await page.getByRole("button", { name: "Force another value" }).click();
    const dialog = page.getByRole("dialog");
    expect(await dialog.innerText()).toContain("Allowed 20 times a day, at least 30 s apart; 0 used today.");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    expect(board.world.fetches("shop")).toHaveLength(fetches);

    await page.getByRole("button", { name: "Force another value" }).click();
    await dialog.getByRole("button", { name: "Force another value" }).click();
    await eventually(() => expect(board.world.fetches("shop", "stable_token").at(-1)?.mode).toBe("force"), {
      what: "the forced fetch",
    });
    await page.getByText("Force another value · shop: asked for.").waitFor();
    await page.getByText("1 / 20").waitFor();
  });

  it("offer nothing that would come to nothing for an account that follows a leader", async () => {
    const account = appIdOf(7);
    const entry = {
      id: account,
      name: "account 7",
      family: "official-account",
      kinds: ["access_token"],
      follows: true,
    };
    await board.world.redis.redis.hset(ACCOUNTS_KEY, account, JSON.stringify(entry));
    await page.goto(`${board.url}/credentials/${account}/access_token`);
    await page.getByRole("button", { name: "Refresh now" }).waitFor();

    const text = await page.getByRole("main").innerText();
    for (const word of ["official-account · follows a leader", "0 reads at the leader"]) expect(text).toContain(word);
    for (const button of ["Force another value", "Reset WeChat's quota"])
      expect(await page.getByRole("button", { name: button }).count()).toBe(0);
  });

  it("pause an account and say what that means, and resume it", async () => {
    await showCredential("shop");
    await page.getByRole("button", { name: "Pause" }).click();
    const dialog = page.getByRole("dialog");
    expect(await dialog.innerText()).toMatch(
      /Apps keep the stored value until it ends .* workers refresh past a paused queue/,
    );
    await dialog.getByRole("button", { name: "Pause · shop" }).click();
    await page.getByRole("region", { name: "State" }).getByText("A person paused the account").waitFor();

    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("region", { name: "State" }).getByText("Healthy").waitFor();
  });

  it("show the fleet: workers, queues, schedulers, Redis", async () => {
    const [now, { redis }] = [Date.now(), board.world.redis];
    const accounts = { [board.world.appId("shop")]: now };
    await redis.hset(FOLLOWERS_KEY, "staging", JSON.stringify({ lastSeen: now, accounts }));
    await redis.hset(usageKey(beijingDate(now)), `staging|${board.world.appId("shop")}|served`, 1_234);
    await page.getByRole("link", { name: "Fleet" }).click();
    await page.getByRole("heading", { level: 1, name: "Fleet" }).waitFor();
    await page.getByRole("cell", { name: REFRESH_QUEUE, exact: true }).waitFor();

    const text = await page.getByRole("main").innerText();
    expect(text).toMatch(new RegExp(`Credentials\\s+${MANY + 4}\\s`));
    expect(text).toMatch(/Without a value\s+■ 1\s/);
    for (const word of ["none overdue", "noeviction", "append-only file", "0.1.0", "1234", "Timeliness", "≥ 99.99 %"])
      expect(text).toContain(word);
    expect(text).toMatch(/staging\s+yes\s+.* ago\s+1\s+shop\s/);
    await picture("fleet");
  });

  it("switch language and theme, remember both, and take Bull Board along", async () => {
    await page.getByRole("button", { name: "Switch to dark" }).click();
    await page.getByRole("button", { name: "中文" }).click();
    await page.goto(board.url);
    await rowOf("failing").waitFor();

    expect(await page.locator("html").getAttribute("lang")).toBe("zh-CN");
    const text = await page.getByRole("row").nth(1).innerText();
    for (const word of ["待处理", "不在该账号的白名单中", "处理方法", "重试"]) expect(text).toContain(word);
    expect(await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")).toBe("rgb(18, 23, 29)");
    await picture("credentials.zh-CN");
    await page.getByRole("link", { name: "任务" }).click();
    await page.getByText("调度器").first().waitFor();
    await page.locator("body.dark-mode").waitFor();
    await page.getByRole("link", { name: "凭证" }).click();
    await page.getByRole("button", { name: "English" }).click();
    await page.getByRole("button", { name: "Switch to light" }).click();
    expect(await page.getByRole("heading", { level: 1 }).innerText()).toBe("Credentials");
  });

  it("have no serious findings of axe, light and dark", async () => {
    const paths = ["/", `/credentials/${board.world.appId("failing")}/access_token`, "/fleet", "/audit"];
    for (const theme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme: theme });
      await page.context().clearCookies({ name: "theme" });
      for (const path of paths) {
        await page.goto(`${board.url}${path}`);
        await page.getByRole("table").first().waitFor();
        await page.locator("[role=row] .badge, td, dd").first().waitFor();
        expect({ theme, path, findings: await findings(page) }).toEqual({ theme, path, findings: [] });
      }
    }
    await page.emulateMedia({ colorScheme: null });
  });

  it("can be used with the keyboard alone", async () => {
    await page.goto(board.url);
    await rowOf("failing").waitFor();
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the content");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.type("failing");
    await listed(1);
    const link = page.getByRole("link", { name: "failing", exact: true });
    await eventually(
      async () => {
        await page.keyboard.press("Tab");
        expect(await link.and(page.locator(":focus")).count()).toBe(1);
      },
      { what: "the focus to reach the credential" },
    );
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "failing · access_token" }).waitFor();
  });

  it("re-run what failed once its cause is mended, and show it recover", async () => {
    await showCredential("failing");
    await page.getByRole("region", { name: "State" }).getByText("Needs you").waitFor();
    await picture("credential");
    board.world.simulator.control.patchAccount(board.world.appId("failing"), { whitelist: null });

    await page.getByRole("button", { name: "Retry" }).click();

    await page.getByText("1 failed job is re-run.").waitFor();
    await page.getByRole("region", { name: "State" }).getByText("Healthy").waitFor();
    await page.getByRole("cell", { name: "refreshed" }).first().waitFor();
    expect(await page.getByRole("button", { name: "Retry" }).count()).toBe(0);
    expect(board.world.fetches("failing").map(({ errcode }) => errcode)).toEqual([40164, 0]);
    await page.getByRole("link", { name: "← Credentials" }).click();
    await search("failing");
    await rowOf("failing").getByText("Healthy").waitFor();
  });

  /** A picture for README and docs, when the run is asked for them. */
  async function picture(name: string): Promise<void> {
    if (process.env["SCREENSHOTS"] !== "1") return;
    await mkdir(IMAGES, { recursive: true });
    await page.screenshot({ path: join(IMAGES, `dashboard-${name}.png`) });
  }
});

/** What axe calls serious or critical, with the place. */
async function findings(page: Page): Promise<string[]> {
  // Given by the browser itself: the page would refuse a foreign script.
  await page.evaluate(await readFile(AXE, "utf8"));
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) => nodes.slice(0, 3).map(({ html }) => `${id}: ${html.slice(0, 200)}`));
  });
}
