// The life of `pnpm start`: gets a Redis, runs the parts, ends them in the reverse order.
import { EXIT, type Account } from "@tokenkeeper/core";
import { untilAborted } from "./abort.ts";
import { checkAlerts, checkConfig, readExampleAccounts } from "./config-file.ts";
import { keepDashboardPassword } from "./dashboard-password.ts";
import { FAILING, registerExamples } from "./example-accounts.ts";
import { createFleet } from "./fleet.ts";
import { makePrivateFolder } from "./private-file.ts";
import { isRunning } from "./process-identity.ts";
import { EXAMPLE_ROBOT, examplesFile, planProcesses } from "./process-plan.ts";
import { obtainRedis } from "./redis-choice.ts";
import { claimStart, readRunningStart, type Addresses, type Claim, type RunningStart } from "./running-start.ts";
import { StartError } from "./start-error.ts";
import { chooseStartPorts } from "./start-ports.ts";
import type { StartSettings } from "./start-settings.ts";
import type { StateFolder } from "./state-folder.ts";
import { until } from "./until.ts";
import { welcomeText } from "./welcome.ts";

const OTHER_READY_MS = 300_000;

export interface StartOptions {
  readonly env: NodeJS.ProcessEnv;
  /** The project's root folder. */
  readonly root: string;
  readonly settings: StartSettings;
  readonly state: StateFolder;
  readonly say: (text: string) => void;
  /** Aborted when the start shall end. */
  readonly signal: AbortSignal;
}

/**
 * Runs until told to end, or prints the addresses of the start that already runs here.
 * @returns when everything it started is gone.
 * @throws StartError or ConfigError when it cannot go on; also then everything is gone.
 */
export async function start(options: StartOptions): Promise<void> {
  const { env, root, settings, state, signal } = options;
  const accounts = settings.examples
    ? { redisUrl: settings.redisUrl, examples: readExampleAccounts(examplesFile(root)) }
    : { redisUrl: checkConfig(env), examples: [] };
  const given: Given = { ...accounts, alertVariables: checkAlerts(env) };
  await makePrivateFolder(state.folder);
  while (!signal.aborted) {
    const found = await claimStart(state.running);
    if ("claim" in found) return runClaimed({ ...options, ...given }, found.claim);
    if (await showOther({ ...options, ...given }, found.other)) return;
  }
}

/** What the configuration gives. */
interface Given {
  /** The Redis that is named there; otherwise a private one is run. */
  readonly redisUrl: string | undefined;
  /** The example accounts, in a first run only. */
  readonly examples: readonly Account[];
  readonly alertVariables: readonly string[];
}

async function runClaimed(options: StartOptions & Given, claim: Claim): Promise<void> {
  const { env, root, settings, state, say, signal } = options;
  await using ends = new AsyncDisposableStack();
  ends.defer(() => claim.release());
  try {
    const redis = await obtainRedis({ named: options.redisUrl, env, state, say, signal });
    ends.defer(() => redis.stop());
    const { ports, notes } = await chooseStartPorts(settings);
    const dashboardPassword = settings.dashboardPassword ?? (await keepDashboardPassword(state.dashboardPassword));
    const { addresses, simulator, worker, dashboard } = planProcesses({
      root,
      env,
      settings,
      ports,
      dashboardPassword,
      redisUrl: redis.url,
      simulatorStateFile: state.simulator,
      alertVariables: options.alertVariables,
    });

    const fleet = createFleet({ claim, say, signal });
    ends.defer(() => fleet.stop());
    if (simulator !== undefined) {
      await fleet.run(simulator.process);
      await registerExamples(simulator.url, options.examples, EXAMPLE_ROBOT);
    }
    await fleet.run(worker, dashboard);
    await fleet.publish(addresses);
    say(await welcomeOf(options, { addresses, notes }));
    await fleet.untilEnd();
  } catch (error) {
    if (!signal.aborted) throw error;
    say("Stopping. 正在停止。\n");
  }
}

/** Waits until the other start is ready and prints its addresses. Returns false when it ended instead. */
async function showOther(options: StartOptions & Given, other: RunningStart): Promise<boolean> {
  const { state, say, signal } = options;
  if (other.addresses === undefined) say("Another start is getting ready in this folder: waiting for it.\n");
  const look = async (): Promise<Addresses | "ended" | undefined> =>
    (await isRunning(other)) ? (await readRunningStart(state.running))?.addresses : "ended";
  const waiting = until(look, { timeoutMs: OTHER_READY_MS, everyMs: 200 });
  const addresses = await Promise.race([waiting, untilAborted(signal).catch(() => "ended" as const)]);
  if (addresses === "ended") return false;
  if (addresses === undefined) {
    throw new StartError(
      "The other start in this folder does not get ready. End it and start again.",
      EXIT.unavailable,
    );
  }
  const notes = [`It already runs, as process ${other.pid}. 已在运行（进程 ${other.pid}）。`];
  say(await welcomeOf(options, { addresses, notes }));
  return true;
}

async function welcomeOf(
  { settings, state, redisUrl, examples }: StartOptions & Given,
  { addresses, notes }: { readonly addresses: Addresses; readonly notes: readonly string[] },
): Promise<string> {
  const ownPassword = settings.dashboardPassword === undefined;
  return welcomeText({
    addresses,
    notes,
    user: settings.dashboardUser,
    password: ownPassword ? await keepDashboardPassword(state.dashboardPassword) : undefined,
    failingAppId: examples.find((account) => account.name === FAILING)?.id,
    stateFolder: state.folder,
    namedRedis: redisUrl !== undefined,
  });
}
