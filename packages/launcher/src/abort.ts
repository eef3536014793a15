/** Rejects with the signal's reason once it is aborted; never resolves. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  const aborted = new Promise<never>((_, reject) => {
    const refuse = (): void => reject(signal.reason);
    if (signal.aborted) refuse();
    else signal.addEventListener("abort", refuse, { once: true });
  });
  // It may be aborted while nobody waits.
  aborted.catch(() => undefined);
  return aborted;
}
