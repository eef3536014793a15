import { SingleBar } from "cli-progress";
import type { Output } from "./io.ts";

/** A bar for what takes long. */
export interface Progress {
  /** @param done of `all` */
  step(done: number, all: number): void;
  end(): void;
}

/** Drawn on `stream` at a terminal; elsewhere nothing. @param label what is being done */
export function createProgress(stream: Output, label: string): Progress {
  const bar = new SingleBar({
    stream,
    format: `${label} {bar} {value}/{total}`,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 24,
    clearOnComplete: true,
    // Ctrl-C ends the process in between: the terminal must be as it was.
    hideCursor: false,
    linewrap: true,
  });
  return {
    step(done, all) {
      if (!bar.isActive) bar.start(all, done);
      bar.update(done);
    },
    end: () => bar.stop(),
  };
}
