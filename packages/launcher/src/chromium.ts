// Finds a Chromium for the browser tests, or gets one from the system's package manager.
import { EXIT } from "@tokenkeeper/core";
import { findApt } from "./apt.ts";
import { findOnPath, isExecutable } from "./executable.ts";
import { StartError } from "./start-error.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"] as const;

export interface FindChromiumOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Told, in one line, when something is installed. */
  readonly say: (line: string) => void;
  /** Only root may install. */
  readonly asRoot: boolean;
}

/**
 * Path of a Chromium or Chrome: `CHROMIUM_PATH`, the PATH, the package manager.
 * @throws StartError (exit code 69) with the command to run when there is none.
 */
export async function findChromium(options: FindChromiumOptions): Promise<string> {
  const { env, say, asRoot } = options;
  const named = env["CHROMIUM_PATH"];
  if (named !== undefined && named !== "") {
    if (await isExecutable(named)) return named;
    throw new StartError("CHROMIUM_PATH does not name a program. Correct or unset it.", EXIT.unavailable);
  }
  const present = await findOnPath(NAMES, env);
  if (present !== undefined) return present;

  const apt = asRoot ? await findApt(env) : undefined;
  if (apt !== undefined) {
    say("No Chromium on this machine: installing the package chromium for the browser tests.");
    await apt.install(["chromium"]);
    const installed = await findOnPath(["chromium"], env);
    if (installed !== undefined) return installed;
  }
  throw new StartError(
    "The browser tests need a Chromium. Install one (`apt-get install chromium`, `brew install --cask chromium`, " +
      "`dnf install chromium`) or set CHROMIUM_PATH to the program of a Chromium or Chrome.",
    EXIT.unavailable,
  );
}
