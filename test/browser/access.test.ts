// Roles, the audit page and the content policy, as a real Chromium carries them out.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { REFRESH_QUEUE } from "@tokenkeeper/core";
import { auditKey, QUEUE_PREFIX } from "@tokenkeeper/shared/contract";
import { Queue, Worker } from "bullmq";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import type { Role } from "@tokenkeeper/ops";
import { PASSWORD, startDashboard, type Running } from "../dashboard/running.ts";
import { eventually } from "../support/eventually.ts";
import { CHROMIUM_ARGS, TIME_ZONE } from "./board.ts";

const HOSTILE = '<img src=x onerror="document.title=1"></script><a href="javascript:document.title=1">x</a>';

/** A script that stands in the page, and a form that goes elsewhere. */
const PLANT = `
  const script = document.createElement("script");
  script.textContent = "document.title = 'planted'";
  document.body.append(script);
  const form = document.createElement("form");
  form.action = "http://127.0.0.1:9/";
  document.body.append(form);
  form.submit();
`;

describe("access in a browser", { timeout: 120_000 }, () => {
  let board: Running;
  let browser: Browser;
  let refresh: Queue;

  beforeAll(async () => {
    board = await startDashboard();
    browser = await chromium.launch({ executablePath: inject("chromium"), args: CHROMIUM_ARGS });
    refresh = new Queue(REFRESH_QUEUE, { connection: board.server.redis, prefix: QUEUE_PREFIX });
    await refresh.add(`shop · access_token ${HOSTILE}`, { account: HOSTILE }, { jobId: "one" });
    const worker = new Worker(REFRESH_QUEUE, () => Promise.reject(new Error(HOSTILE)), {
      connection: board.server.redis,
      prefix: QUEUE_PREFIX,
    });
    await once(worker, "failed");
    await worker.close();
  });
  afterAll(async () => {
    await refresh.close();
    await browser.close();
    await board[Symbol.asyncDispose]();
  });

  /** A page of a new profile in which a role has signed in, and what the browser complained of since. */
  async function open(role: Role, locale = "en-US"): Promise<{ page: Page; complaints: string[] }> {
    const context = await browser.newContext({ locale, timezoneId: TIME_ZONE });
    onTestFinished(() => context.close());
    const complaints: string[] = [];
    context.on("request", (request) => {
      if (new URL(request.url()).origin !== board.url) complaints.push(`request to ${request.url()}`);
    });
    context.on("console", (message) => {
      if (message.text().includes("Content Security Policy")) complaints.push(message.text());
    });
    context.on("weberror", (error) => complaints.push(String(error.error())));
    const page = await context.newPage();
    await page.goto(board.url);
    await page.locator("#username").fill(role);
    await page.locator("#password").fill(PASSWORD);
    await page.getByRole("button").click();
    await page.waitForURL((url) => url.pathname !== "/login");
    return { page, complaints };
  }
  async function retry(page: Page): Promise<number> {
    await page.goto(`${board.url}/queues/queue/refresh?status=failed`);
    const answer = page.waitForResponse((response) => response.request().method() === "PUT");
    await page.locator("button:has(.lucide-refresh-cw)").last().click();
    await page.getByRole("alertdialog").getByRole("button").first().click();
    return (await answer).status();
  }
  const stateOfJob = async (): Promise<string> => (await refresh.getJob("one"))?.getState() ?? "gone";

  it("a viewer sees the failed job and cannot retry it, an operator can, and the admin reads of both", async () => {
    const viewer = await open("viewer");
    expect(await retry(viewer.page)).toBe(403);
    expect(await stateOfJob()).toBe("failed");
    expect((await viewer.page.goto(`${board.url}/audit`))?.status()).toBe(403);

    const operator = await open("operator");
    expect(await retry(operator.page)).toBe(204);
    expect(await stateOfJob()).toBe("waiting");

    const admin = await open("admin", "zh-CN");
    expect(await viewer.page.goto(`${board.url}/`)).toBeTruthy();
    await viewer.page.getByRole("navigation").waitFor();
    expect(await viewer.page.getByRole("link", { name: "Audit" }).count()).toBe(0);
    await admin.page.getByRole("navigation").getByRole("link", { name: "操作审计" }).click();
    const rows = admin.page.getByRole("row");
    await eventually(async () => expect((await rows.allInnerTexts()).join("\n")).toContain("重试任务"), {
      what: "the audit page",
    });
    const text = (await rows.allInnerTexts()).join("\n");
    expect(text).toContain("viewer · 只读");
    expect(text).toContain("尝试越权操作");
    expect(text).toContain("PUT /queues/api/queues/refresh/one/retry");
    // Written as an instant, then put into words by a script.
    const time = admin.page.locator("time").first();
    await eventually(
      async () => expect(await time.innerText()).toMatch(/^\d{4}\/\d{1,2}\/\d{1,2} \d{2}:\d{2}:\d{2}$/),
      {
        what: "the time in words",
      },
    );
    for (const { complaints } of [viewer, operator, admin]) expect(complaints).toEqual([]);
  });

  it("39: hostile names, reasons and audit entries are text on every page", async () => {
    const fields = ["user", HOSTILE, "role", "admin", "action", "pause", "target", HOSTILE, "address", HOSTILE];
    await board.server.redis.xadd(auditKey("acts"), "*", ...fields);
    const { page, complaints } = await open("admin");

    for (const path of ["/queues/queue/refresh", "/queues/queue/refresh/one", "/audit"]) {
      await page.goto(board.url + path);
      await page.getByText("<img src=x").first().waitFor();
      expect(await page.locator('img[src="x"], a[href^="javascript:"]').count()).toBe(0);
      expect(await page.title()).toContain("Tokenkeeper");
    }
    expect(complaints).toEqual([]);
  });

  it("no page runs a script that stands in it, or sends a form elsewhere", async () => {
    const { page, complaints } = await open("admin");

    for (const path of ["/login", "/logout", "/audit", "/queues"]) {
      await page.goto(board.url + path);
      await page.evaluate(PLANT);
      await eventually(
        () => {
          const said = complaints.join("\n");
          expect(said).toContain("inline script");
          expect(said).toContain("form-action");
        },
        { what: `complaints about ${path}` },
      );
      complaints.length = 0;
      expect(await page.title()).not.toBe("planted");
      expect(page.url()).toBe(board.url + path);
    }
  });

  it("40: no page shows in a frame of another site", async () => {
    const site = createServer((_request, response) => {
      response.setHeader("Content-Type", "text/html").end(`<iframe src="${board.url}/login"></iframe>`);
    }).listen(0, "127.0.0.1");
    await once(site, "listening");
    const context = await browser.newContext();
    onTestFinished(async () => {
      await context.close();
      site.close();
    });
    const page = await context.newPage();
    const refusal = page.waitForEvent("console", (message) => message.text().includes("frame-ancestors"));

    await page.goto(`http://localhost:${(site.address() as AddressInfo).port}/`);

    expect((await refusal).text()).toContain(board.url);
    expect(await page.frameLocator("iframe").locator("#username").count()).toBe(0);
  });
});
