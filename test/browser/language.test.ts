// In a Chinese browser everything is Chinese; in none does a page ask another host for anything.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startBoard, type Board } from "./board.ts";

describe("languages", { timeout: 120_000 }, () => {
  let board: Board;

  beforeAll(async () => {
    board = await startBoard([{ name: "failing", wechat: { whitelist: ["198.51.100.1"] } }]);
    await board.world.startRuntime();
    await board.waitForJobs("failed", 1);
  });
  afterAll(() => board[Symbol.asyncDispose]());

  it("a Chinese browser gets Chinese pages, from the login to signing out", async () => {
    const seen = await board.open("zh-CN");
    const { page } = seen;

    expect(await page.title()).toBe("Tokenkeeper · 登录");
    expect(await page.locator("html").getAttribute("lang")).toBe("zh-CN");
    await page.getByLabel("用户名").fill("keeper");
    await page.getByLabel("密码").fill("wrong");
    await page.getByRole("button", { name: "登录" }).click();
    expect(await page.getByRole("alert").innerText()).toBe("用户名或密码错误。");
    await seen.signIn();

    expect(await page.locator("html").getAttribute("lang")).toBe("zh-CN");
    await seen.showTab("failed");
    const text = await page.locator("body").innerText();
    for (const word of ["已完成", "失败", "延迟", "调度器", "重试全部", "刷新任务", "不在该账号的白名单中"]) {
      expect(text).toContain(word);
    }

    await page.locator("button:has(.lucide-circle-user)").click();
    await page.getByRole("menuitem", { name: "退出登录" }).click();
    await page.getByRole("button", { name: "退出登录" }).click();
    await page.waitForURL(`${board.url}/login`);
    await page.goto(`${board.url}/queues/queue/refresh`);
    expect(page.url()).toBe(`${board.url}/login?next=%2Fqueues%2Fqueue%2Frefresh`);
  });

  it.each(["en-GB", "fr-FR"])("a browser in %s gets English pages", async (locale) => {
    const seen = await board.open(locale);

    expect(await seen.page.title()).toBe("Tokenkeeper · Sign in");
    await seen.signIn();
    await seen.showTab("failed");
    expect(await seen.page.locator("body").innerText()).toContain("Retry all");
  });

  it("no page asks another host for anything, and none could", async () => {
    const seen = await board.open();
    const { page } = seen;
    await seen.signIn();
    await seen.showOverview();
    await seen.showSchedulers();
    for (const tab of ["failed", "delayed", "completed"] as const) await seen.showTab(tab);
    await page.goto(`${board.url}/logout`);
    expect(board.takeComplaints()).toEqual([]);

    // The same watch sees what must not be.
    const blocked = page.evaluate(() => fetch("http://localhost:9/").catch(() => "blocked"));
    expect(await blocked).toBe("blocked");
    await eventually(() => expect(board.takeComplaints().join()).toContain("Content Security Policy"), {
      what: "the browser to complain",
    });
  });
});
