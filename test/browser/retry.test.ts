// A person on call: signs in, reads what is wrong, mends it and presses retry.
import { secretOf, type WorkerConfig } from "@tokenkeeper/core";
import type { Locator } from "playwright-core";
import { describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startBoard, type Board, type BoardPage } from "./board.ts";

/** Without the address from which the simulator sees us. */
const WHITELIST = ["198.51.100.1"];
const TIMEOUT_MS = 120_000;

describe("retry", () => {
  it("one failed job: the remedy, the mending, the press, the result", { timeout: TIMEOUT_MS }, async () => {
    await using board = await startBoard([{ name: "failing", wechat: { whitelist: WHITELIST } }, { name: "shop" }]);
    const { world } = board;
    await world.startRuntime();
    await board.waitForJobs("failed", 1);
    const seen = await signedIn(board);

    await seen.showTab("failed");
    const failed = seen.card("failing · access_token");
    const reason = await failed.getByRole("tabpanel").innerText();
    expect(reason).toMatch(/^40164 · ip 203\.0\.113\.7 · rid [\da-f-]{26} \| /);
    expect(reason).toContain("在公众平台“基本配置”的 IP 白名单中加入 203.0.113.7");
    expect(reason).toContain("Add 203.0.113.7 to the IP whitelist");
    expect(world.fetches("failing")).toHaveLength(1);

    world.simulator.control.patchAccount(world.appId("failing"), { whitelist: null });
    await seen.pressAndConfirm(failed.locator("button:has(.lucide-refresh-cw)"));
    await failed.waitFor({ state: "hidden" });

    await seen.showTab("completed");
    const completed = seen.card("failing · access_token");
    await eventually(async () => expect(await completed.innerText()).toMatch(/outcome:\s*"refreshed"/), {
      what: "the job on the Completed tab",
    });
    expect(await seen.count("failed")).toBe(0);
    expect(world.fetches("failing").map(({ errcode }) => errcode)).toEqual([40164, 0]);
    const token = await world.client().getAccessToken("failing");
    expect(await world.businessCall(token)).toMatchObject({ openid: expect.any(String) });
    expect(await seen.page.content()).not.toContain(token);
  });

  it("a hundred failed jobs of a hundred credentials: one fetch each", { timeout: TIMEOUT_MS }, async () => {
    const accounts = names(100);
    await using board = await startBoard(accounts.map((name) => ({ name, wechat: { whitelist: WHITELIST } })));
    const { world } = board;
    await world.startRuntime();
    await board.waitForJobs("failed", 100);

    for (const name of accounts) {
      world.simulator.control.patchAccount(world.appId(name), { whitelist: null });
    }
    await retryAll(board, async (seen) => {
      await seen.showTab("failed");
      return seen.page.getByRole("button", { name: "Retry all", exact: true });
    });

    for (const name of accounts) {
      expect(world.fetches(name)).toMatchObject([
        { errcode: 40164, inFlight: 1 },
        { errcode: 0, inFlight: 1 },
      ]);
    }
  });

  it(
    "a hundred failed jobs of twenty credentials: one fetch for each credential",
    { timeout: TIMEOUT_MS },
    async () => {
      const accounts = names(20);
      await using board = await startBoard(accounts.map((name) => ({ name })));
      const { world } = board;
      const secrets = Array.from("abcde", (letter) => letter.repeat(32));
      // Somebody tries one secret after the other, and each worker starts anew with it.
      for (const [index, secret] of secrets.entries()) {
        const runtime = await world.startRuntime({ config: withSecret(world.config(), secret) });
        await board.waitForJobs("failed", 20 * (index + 1));
        if (index < secrets.length - 1) await runtime.stop();
      }

      for (const name of accounts) {
        world.simulator.control.patchAccount(world.appId(name), { secret: secrets.at(-1) });
      }
      // Slow enough for the jobs of one credential to meet.
      world.simulator.control.addFault("*", { call: "stable_token", fault: { type: "delay", ms: 500 }, times: null });
      await retryAll(board, async (seen) => {
        await seen.showOverview();
        await seen.page.locator("main button:has(.lucide-ellipsis-vertical)").first().click();
        return seen.page.getByRole("menuitem", { name: "Retry 100 failed jobs in all queues" });
      });

      for (const name of accounts) {
        const fetches = world.fetches(name);
        expect(fetches.map(({ errcode }) => errcode)).toEqual([40125, 40125, 40125, 40125, 40125, 0]);
        expect(fetches.filter(({ inFlight }) => inFlight !== 1)).toEqual([]);
      }
    },
  );
});

async function signedIn(board: Board): Promise<BoardPage> {
  const seen = await board.open();
  await seen.signIn();
  return seen;
}

/** Presses the button that `find` leads to and waits until the page shows a hundred completed jobs and no failed one. */
async function retryAll(board: Board, find: (seen: BoardPage) => Promise<Locator>): Promise<void> {
  const seen = await signedIn(board);
  await seen.showTab("failed");
  await eventually(async () => expect(await seen.count("failed")).toBe(100), { what: "100 failed jobs on the page" });

  await seen.pressAndConfirm(await find(seen));

  await board.waitForJobs("completed", 100);
  await seen.showTab("failed");
  await seen.page.getByText("No failed jobs in this queue.").waitFor();
  expect(await seen.count("completed")).toBe(100);
  expect(await board.world.refreshQueue.getJobCountByTypes("failed", "active", "waiting")).toBe(0);
}

function names(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `account-${index + 1}`);
}

function withSecret(config: WorkerConfig, secret: string): WorkerConfig {
  return { ...config, accounts: config.accounts.map((account) => ({ ...account, secret: secretOf(secret) })) };
}
