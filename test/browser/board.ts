// A world with its dashboard in a real Chromium, and what its pages were seen to do.
import { createLog } from "@tokenkeeper/core";
import { createDashboard } from "@tokenkeeper/dashboard";
import { chromium, type BrowserContext, type Locator, type Page } from "playwright-core";
import { inject } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startWorld, type World, type WorldAccount } from "../support/world.ts";

export const CREDENTIALS = { user: "keeper", password: "correct horse battery" } as const;

/** Far from UTC, so that a time shown in the wrong zone is seen. */
export const TIME_ZONE = "Asia/Shanghai";

export const CHROMIUM_ARGS = [
  "--no-sandbox",
  "--headless",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const CARD = "[class*='card-']:has([class^='jobLink-'])";

/** The states of jobs that have a tab on a queue's page. */
export type Tab = "failed" | "delayed" | "completed";

/** Disposing fails when a page asked another host for something, violated the content policy or had a script error. */
export interface Board extends AsyncDisposable {
  readonly url: string;
  readonly world: World;
  /** A page of a new browser profile, at the address without a path. */
  open(locale?: string): Promise<BoardPage>;
  /** Waits until `refresh` holds exactly so many jobs of a state. */
  waitForJobs(state: Tab, count: number): Promise<void>;
  /** What was seen of that so far; it is forgotten. */
  takeComplaints(): string[];
}

export interface BoardPage {
  readonly page: Page;
  /** Fills in the form and waits for the credentials. */
  signIn(): Promise<void>;
  showTab(tab: Tab, queue?: string): Promise<void>;
  showOverview(): Promise<void>;
  showSchedulers(): Promise<void>;
  /** The cards of jobs on a tab, from the top. */
  cards(): Locator;
  /** The card of the job whose name is `<account> · <kind>`. */
  card(name: string): Locator;
  /** The number beside a tab's name; 0 when there is none. */
  count(tab: Tab): Promise<number>;
  /** Presses a button and confirms the question that follows. */
  pressAndConfirm(button: Locator): Promise<void>;
}

/**
 * Starts a world in real time, a dashboard over its Redis, and a Chromium. The worker is started by the test. In real
 * time nothing is looked at again by itself while a person reads and clicks: the first slow re-check is after 5 minutes.
 */
export async function startBoard(accounts: readonly WorldAccount[]): Promise<Board> {
  const world = await startWorld({ accounts, scale: 1 });
  const dashboard = await createDashboard({
    redisUrl: world.redis.url,
    host: "127.0.0.1",
    port: 0,
    credentials: CREDENTIALS,
    publicUrl: undefined,
    log: createLog({ name: "dashboard", level: "silent", pretty: false }),
  });
  const browser = await chromium.launch({ executablePath: inject("chromium"), args: CHROMIUM_ARGS });
  const complaints: string[] = [];

  return {
    url: dashboard.url,
    world,
    waitForJobs: (state, expected) =>
      eventually(
        async () => {
          const count = await world.refreshQueue.getJobCountByTypes(state);
          if (count !== expected) throw new Error(`there are ${count}`);
        },
        { what: `${expected} ${state} jobs`, timeoutMs: 45_000 },
      ),
    takeComplaints: () => complaints.splice(0),

    async open(locale = "en-US") {
      const context = await browser.newContext({
        locale,
        timezoneId: TIME_ZONE,
        viewport: { width: 1280, height: 900 },
      });
      watch(context, { home: dashboard.url, complaints });
      const page = await context.newPage();
      await page.goto(dashboard.url);
      return createBoardPage(page, dashboard.url);
    },

    async [Symbol.asyncDispose]() {
      await browser.close();
      await dashboard.close();
      await world[Symbol.asyncDispose]();
      if (complaints.length > 0) throw new Error(`the pages did what they must not: ${complaints.join("; ")}`);
    },
  };
}

function watch(context: BrowserContext, { home, complaints }: { home: string; complaints: string[] }): void {
  context.on("request", (request) => {
    if (new URL(request.url()).origin !== home) complaints.push(`request to ${request.url()}`);
  });
  context.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) complaints.push(message.text());
  });
  context.on("weberror", (error) => complaints.push(String(error.error())));
}

function createBoardPage(page: Page, url: string): BoardPage {
  return {
    page,

    async signIn() {
      await page.locator("#username").fill(CREDENTIALS.user);
      await page.locator("#password").fill(CREDENTIALS.password);
      await page.getByRole("button").click();
      await page.getByRole("main").waitFor();
      await page.waitForURL(`${url}/`);
    },

    async showTab(tab, queue = "refresh") {
      await page.goto(`${url}/queues/queue/${queue}?status=${tab}`);
      await tabLink(page, tab, queue).waitFor();
    },

    async showOverview() {
      await page.goto(`${url}/queues`);
      await page.locator("main a").first().waitFor();
    },

    async showSchedulers() {
      await page.goto(`${url}/queues/job-schedulers`);
      await page.getByRole("table").waitFor();
    },

    cards: () => page.locator(CARD),
    card: (name) => page.locator(CARD).filter({ hasText: name }),

    async count(tab) {
      const [, count = "0"] = /(\d+)\s*$/.exec(await tabLink(page, tab, "refresh").innerText()) ?? [];
      return Number(count);
    },

    async pressAndConfirm(button) {
      await button.click();
      await page.getByRole("alertdialog").getByRole("button").first().click();
      await page.getByRole("alertdialog").waitFor({ state: "hidden" });
    },
  };
}

function tabLink(page: Page, tab: Tab, queue: string): Locator {
  return page.locator(`main a[href="/queues/queue/${queue}?status=${tab}"]`).first();
}
