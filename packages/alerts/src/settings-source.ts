import {
  checkSettings,
  ConfigError,
  createConfigFiles,
  describePath,
  type Environment,
  type Log,
} from "@tokenkeeper/core";
import { parseAlertsFile, type AlertSettings } from "./settings-file.ts";

/** Where the settings of alerts come from. */
export interface AlertsSource {
  /** Changes whenever the file, or one that it names, does. */
  stamp(): string;
  /** @throws ConfigError with every problem at once. */
  load(): AlertSettings;
  /** Where the dashboard is, for links in messages; without a slash at the end. */
  readonly publicUrl?: string;
}

/**
 * The file that `TOKENKEEPER_ALERTS` names; `undefined` when it names none. It is not read yet.
 * @throws ConfigError when DASHBOARD_PUBLIC_URL is none.
 */
export function createAlertsSource(env: Environment): AlertsSource | undefined {
  const { settings, problems } = checkSettings(env, ["TOKENKEEPER_ALERTS", "DASHBOARD_PUBLIC_URL"]);
  if (problems.length > 0) throw new ConfigError(problems);
  const { TOKENKEEPER_ALERTS: path, DASHBOARD_PUBLIC_URL: publicUrl } = settings;
  if (path === undefined) return undefined;
  const files = createConfigFiles();

  function read(file: string): Uint8Array {
    try {
      return files.read(file).bytes;
    } catch {
      const expected = "a file that can be read";
      throw new ConfigError([{ path: "TOKENKEEPER_ALERTS", expected, got: describePath(file) }]);
    }
  }

  return {
    stamp: () => files.stamp(),
    load() {
      const parsed = parseAlertsFile(read(path), { env, readFile: files.read });
      if ("problems" in parsed) throw new ConfigError(parsed.problems);
      return parsed;
    },
    ...(publicUrl !== undefined && { publicUrl: publicUrl.replace(/\/+$/, "") }),
  };
}

/** The settings that are in force. */
export interface SettingsInForce {
  current(): AlertSettings;
  /** Picks up a changed file. A broken one changes nothing: the log says what is wrong, once. */
  look(): void;
}

/** @throws ConfigError when the file is refused at the start. */
export function createSettingsInForce(source: AlertsSource, log: Log): SettingsInForce {
  let current = source.load();
  let seen = source.stamp();
  warn(current);

  function warn({ warnings }: AlertSettings): void {
    for (const warning of warnings) log.warn({ remedy: warning }, "alerts.warning");
  }

  return {
    current: () => current,
    look() {
      const stamp = source.stamp();
      if (stamp === seen) return;
      try {
        current = source.load();
        log.info({ receivers: current.receivers.length }, "alerts.reloaded");
        warn(current);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        log.error({ problems: error.problems }, "alerts.rejected");
      }
      // A broken one may have named other files than the one before.
      seen = source.stamp();
    },
  };
}
