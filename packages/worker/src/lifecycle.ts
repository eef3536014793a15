import type { Log } from "@tokenkeeper/core";

/** Closers by name; the last opened closes first. */
export interface Lifecycle {
  /** Whoever opens something says here how it closes. */
  onClose(name: string, close: () => Promise<unknown>): void;
  /** Closes everything once; called again it waits for the same end. */
  close(): Promise<void>;
}

/** A closer that fails is logged and does not keep the others from closing. */
export function createLifecycle(log: Log): Lifecycle {
  const closers: { name: string; close: () => Promise<unknown> }[] = [];
  let closing: Promise<void> | undefined;

  async function closeAll(): Promise<void> {
    for (const { name, close } of closers.toReversed()) {
      log.debug({ part: name }, "closing");
      try {
        await close();
      } catch (err) {
        log.warn({ part: name, err }, "close.failed");
      }
    }
  }

  return {
    onClose: (name, close) => void closers.push({ name, close }),
    close: () => (closing ??= closeAll()),
  };
}
