import { startApp, type App } from "./apps.ts";
import { openConfigFile } from "./config-file.ts";
import type { Drill } from "./drill.ts";
import { chooseAccount, createGround } from "./ground.ts";
import { createKeeper } from "./keeper.ts";
import { runDrill, type DrillEnd, type RunOptions } from "./run-drill.ts";
import type { RunningSystem } from "./running-system.ts";
import { createWechat } from "./wechat.ts";

/** What there is to a drill beside the running system. */
export interface ConductOptions extends Pick<RunOptions, "say" | "signal"> {
  /** Name or appid; without one the first account that suits. */
  readonly wanted: string | undefined;
  /** For the references in the workers' configuration. */
  readonly env: NodeJS.ProcessEnv;
}

/** From one business call of an app to the next, ms. */
const CALL_EVERY_MS = 60;
/** What takes longest is a fallback after 45009: half of a short life. */
const PATIENCE_MS = 6 * 60_000;
const LEAST_PATIENCE_MS = 40_000;

/** Starts two apps on the running system and carries the drill out. @throws NoGroundError when it is no place for it. */
export async function conductDrill(drill: Drill, system: RunningSystem, options: ConductOptions): Promise<DrillEnd> {
  const { redisUrl, timeScale } = system;
  const { wanted, env, say, signal } = options;
  await using stack = new AsyncDisposableStack();
  const keeper = stack.use(createKeeper(redisUrl));
  const wechat = createWechat(system.simulator);
  const account = await chooseAccount({ keeper, wechat }, { wanted, suits: drill.suits });
  const healthy = (await keeper.rows()).filter(({ state, kind }) => state === "healthy" && kind === "access_token");
  const accounts = drill.calls === "all" ? healthy.map((row) => row.name) : [account.name];
  const start = (): App => startApp({ wechat, redisUrl, accounts, everyMs: CALL_EVERY_MS, timeScale });
  const apps = [start(), start()] as const;
  for (const app of apps) stack.defer(() => app.stop());
  await Promise.all(apps.map((app) => app.warm()));
  const config = openConfigFile(system.config, env);
  const ground = stack.use(createGround({ keeper, wechat, config, account, apps }, system));
  return await runDrill(drill, ground, {
    say,
    signal,
    patienceMs: Math.max(LEAST_PATIENCE_MS, PATIENCE_MS / timeScale),
  });
}
