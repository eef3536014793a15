import { ConfigError, type Log, type WorkerConfig } from "@tokenkeeper/core";

/** Where a changed configuration comes from. */
export interface ConfigSource {
  /** Changes whenever a file of the configuration does. */
  stamp(): string;
  /** @throws ConfigError */
  load(): WorkerConfig;
}

/** What watching works with. */
export interface ConfigWatchDeps {
  readonly source: ConfigSource;
  readonly apply: (config: WorkerConfig) => Promise<void>;
  readonly log: Log;
}

/**
 * Picks up a changed configuration. A broken one changes nothing: the log says what is wrong, once, and the one before
 * stays in force.
 * @returns a function that looks once.
 */
export function createConfigWatch({ source, apply, log }: ConfigWatchDeps): () => Promise<void> {
  let seen = source.stamp();

  function load(): WorkerConfig | undefined {
    try {
      return source.load();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      log.error({ problems: error.problems }, "config.rejected");
      return undefined;
    }
  }

  return async () => {
    const stamp = source.stamp();
    if (stamp === seen) return;
    const config = load();
    // A file that is being written is looked at again; one that was applied or refused is done with.
    if (config) await apply(config);
    seen = stamp;
  };
}
