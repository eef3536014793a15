import type { CredentialState } from "./state.ts";

/**
 * Whether a classic account should obtain a stable token for now: its classic quota is gone and the value is near its
 * end. The stable family is a separate one; it retires nothing.
 * @param leadMs how long before the end, ms.
 */
export function useStable(state: CredentialState, leadMs: number): boolean {
  const { block } = state.control;
  const barred = block?.class === "cool_down" && block.code === "45009" && (block.until ?? 0) > state.now;
  return barred && (state.remainingMs ?? 0) <= leadMs;
}
