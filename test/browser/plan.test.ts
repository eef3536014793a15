// The board shows the plan, and offers nothing that would disturb it.
import { controlKey, type CredentialKind } from "@tokenkeeper/shared/contract";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import type { World } from "../support/world.ts";
import { startBoard, TIME_ZONE, type Board, type BoardPage } from "./board.ts";

/** The credentials, soonest planned first: one waits for its slow re-check, two are fresh. */
const JOBS = ["failing · access_token", "shop · jsapi_ticket", "shop · access_token"] as const;

/** What may be pressed: tabs and parts of a job, sorting, settings of the page, signing out, and retry (`refresh-cw`). */
const HARMLESS = [
  "arrow-up-down",
  "chevron-down",
  "circle-user",
  "collapse JSON",
  "copy",
  "Data",
  "ellipsis-vertical",
  "Error",
  "info",
  "Jobs",
  "Logs",
  "maximize",
  "Options",
  "panel-left",
  "Progress",
  "refresh-cw",
  "settings",
  "Sign out",
  "users",
];

describe("the plan on the board", { timeout: 120_000 }, () => {
  let board: Board;
  let seen: BoardPage;
  let page: Page;

  beforeAll(async () => {
    board = await startBoard([
      { name: "failing", wechat: { whitelist: ["198.51.100.1"] } },
      { name: "shop", tickets: ["jsapi"] },
    ]);
    await board.world.startRuntime();
    await board.waitForJobs("completed", 2);
    await eventually(() => requirePlan(board.world), { what: "a plan for each credential", timeoutMs: 45_000 });
    seen = await board.open();
    page = seen.page;
    await seen.signIn();
  });
  afterAll(() => board[Symbol.asyncDispose]());

  it("is the Delayed tab: one job for each credential, soonest first, at its time", async () => {
    // A job that met another one's lease waits here for some seconds too.
    await eventually(
      async () => {
        await seen.showTab("delayed");
        expect(await seen.count("delayed")).toBe(JOBS.length);
      },
      { what: "the planned jobs alone", timeoutMs: 30_000 },
    );
    for (const [index, job] of JOBS.entries()) {
      const text = await seen.cards().nth(index).innerText();
      expect(text).toContain(job);
      expect(timesNear(await plannedAt(board.world, job))).toContain(willRunAt(text));
    }
  });

  it("is kept by the schedulers on their page", async () => {
    await seen.showSchedulers();

    const table = await page.getByRole("table").innerText();
    for (const job of JOBS) expect(table).toContain(job);
    for (const name of ["failing", "shop"]) expect(table).toContain(`tick-${board.world.appId(name)}-access_token`);
    expect(table.match(/every 1m/g)).toHaveLength(JOBS.length);
    expect(table).toMatch(/sweep\s+schedule\s+every 10s/);
  });

  it("comes with controls for reading, sorting and retrying, and no others", async () => {
    const offered = new Set<string>();
    const note = async (): Promise<void> => {
      await page.locator("main").getByText(JOBS[0]).first().waitFor();
      for (const control of await controlsWithMenus(page)) offered.add(control);
    };
    for (const tab of ["failed", "delayed"] as const) {
      await seen.showTab(tab);
      await note();
      await seen.card(JOBS[0]).first().locator("[class^='jobLink-']").click();
      await page.waitForURL(/\/queue\/refresh\/\d+/);
      await note();
    }
    await seen.showTab("delayed", "schedule");
    await note();
    await seen.showSchedulers();
    await note();
    await seen.showOverview();
    for (const control of await controlsWithMenus(page)) offered.add(control);

    expect([...offered].filter((control) => !HARMLESS.includes(control))).toEqual([]);
    expect([...offered]).toContain("refresh-cw");
  });

  it("is safe from forbidden writes that a script of the page makes", async () => {
    await seen.showTab("delayed");
    const [planned] = await board.world.refreshQueue.getDelayed();
    const api = "/queues/api/queues/refresh";
    const job = `${api}/${planned?.id}`;
    const forbidden = [
      `PUT ${api}/pause`,
      `PUT ${api}/promote`,
      `PUT ${api}/obliterate`,
      `PUT ${api}/empty`,
      `PUT ${api}/clean/failed`,
      `POST ${api}/add`,
      `PUT ${job}/promote`,
      `PUT ${job}/clean`,
      `PATCH ${job}/update-data`,
      "PUT /queues/api/queues/pause",
      "DELETE /queues/api/queues/schedule/job-schedulers/sweep",
    ];

    const answers = await requestFrom(page, forbidden);
    // What is allowed comes through from the same script.
    const allowed = await requestFrom(page, [`PUT ${api}/none/retry`]);

    expect(answers.map(({ status }) => status)).toEqual(forbidden.map(() => 403));
    expect(answers[0]?.body).toContain("不允许");
    expect(allowed).toMatchObject([{ status: 404 }]);
    expect(await board.world.refreshQueue.isPaused()).toBe(false);
    expect(await board.world.refreshQueue.getJobCountByTypes("failed")).toBe(1);
    expect(await board.world.scheduleQueue.getJobSchedulersCount()).toBe(JOBS.length + 1);
    await seen.showTab("delayed");
    expect(await seen.count("delayed")).toBe(JOBS.length);
  });

  it("shows a job that was moved at its new time", async () => {
    const [failing] = JOBS;
    const before = await plannedAt(board.world, failing);
    board.world.simulator.control.patchAccount(board.world.appId("failing"), { whitelist: null });
    await seen.showTab("failed");
    await seen.pressAndConfirm(seen.card(failing).locator("button:has(.lucide-refresh-cw)"));

    // The next tick or sweep moves the job of the slow re-check to the new plan.
    await eventually(
      async () => {
        const after = await plannedAt(board.world, failing);
        expect(after).toBeGreaterThan(before);
        await seen.showTab("delayed");
        expect(timesNear(after)).toContain(willRunAt(await seen.card(failing).innerText()));
      },
      { what: "the moved job at its new time", timeoutMs: 45_000 },
    );
    expect(await seen.count("delayed")).toBe(JOBS.length);
  });
});

/** A job that is only about to start is delayed as well, for a moment. */
async function requirePlan({ refreshQueue }: World): Promise<void> {
  const delays = (await refreshQueue.getDelayed()).map(({ delay }) => delay);
  if (delays.filter((ms) => ms > 60_000).length !== JOBS.length) throw new Error(`delays of ${delays.join(", ")} ms`);
}

/** When the worker's own state says that the credential is looked at next, epoch ms. */
async function plannedAt(world: World, job: string): Promise<number> {
  const [name = "", kind] = job.split(" · ");
  const key = controlKey({ account: world.appId(name), kind: kind as CredentialKind });
  const [blockUntil, planAt] = await world.redis.redis.hmget(key, "block_until", "plan_at");
  return Number(blockUntil || planAt);
}

/** The time of day that a card says, without the date that it has when that is another day. */
function willRunAt(text: string): string | undefined {
  return /Will run at\n(?:.* )?(\d+:\d\d:\d\d\s[AP]M)\nData/.exec(text)?.[1]?.replaceAll(/\s/g, " ");
}

/** How the page may write an instant: the job's time is counted from a clock that was read a moment earlier. */
function timesNear(at: number): string[] {
  return [-1_000, 0, 1_000].map((ms) =>
    new Date(at + ms).toLocaleTimeString("en-US", { timeZone: TIME_ZONE }).replaceAll(/\s/g, " "),
  );
}

/** Names of all controls that can be pressed on the page, those in its menus too: the icon's, or the text. */
async function controlsWithMenus(page: Page): Promise<string[]> {
  const found = await controlsOf(page);
  const menus = page.locator("[aria-haspopup='menu']").filter({ visible: true });
  for (let index = 0; index < (await menus.count()); index += 1) {
    await menus.nth(index).click();
    await page.getByRole("menu").waitFor();
    found.push(...(await controlsOf(page)));
    await page.keyboard.press("Escape");
    await page.getByRole("menu").waitFor({ state: "hidden" });
  }
  return found;
}

async function controlsOf(page: Page): Promise<string[]> {
  const controls = page.locator("button, [role='menuitem']").filter({ visible: true });
  return controls.evaluateAll((elements) =>
    elements.map((element): string => {
      const icon = element.querySelector("svg")?.getAttribute("class") ?? "";
      const name = /lucide-(\S+)/.exec(icon)?.[1] ?? element.getAttribute("aria-label") ?? element.textContent;
      return name?.replace(/^\d+ /, "") || element.outerHTML;
    }),
  );
}

/** Sends `METHOD path` one after the other by `fetch` from within the page. */
async function requestFrom(page: Page, lines: readonly string[]): Promise<{ status: number; body: string }[]> {
  return page.evaluate(async (wanted) => {
    const answers = [];
    for (const line of wanted) {
      const [method = "", path = ""] = line.split(" ");
      const response = await fetch(path, { method, headers: { "Content-Type": "application/json" }, body: "{}" });
      answers.push({ status: response.status, body: await response.text() });
    }
    return answers;
  }, lines);
}
