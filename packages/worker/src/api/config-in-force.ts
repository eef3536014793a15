import type { ApiConfig, ApiKey, Log } from "@tokenkeeper/core";

/** The section `api` while the worker runs. Keys change at once, the address with the next start. */
export interface ConfigInForce {
  keys(): readonly ApiKey[];
  /** Takes over a changed configuration; without a section no key is left. */
  replace(next: ApiConfig | undefined): void;
}

/** @param started the section at the start. */
export function createConfigInForce(started: ApiConfig | undefined, log: Log): ConfigInForce {
  let current = started;

  return {
    keys: () => current?.keys ?? [],
    replace(next) {
      const moved = addressOf(next) !== addressOf(started);
      if (moved && addressOf(next) !== addressOf(current)) {
        log.warn({ remedy: "restart the worker" }, "api.address_needs_restart");
      }
      current = next;
    },
  };
}

function addressOf(config: ApiConfig | undefined): string {
  return config ? `${config.host} ${config.port}` : "off";
}
