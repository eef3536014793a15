import { z } from "zod";
import { faultSchema } from "../faults.ts";
import { accountSchema } from "./account.ts";

/** What survives a restart. Times are wall-clock, so values go on ageing while the simulator is down. */
export const savedStateSchema = z.strictObject({
  schema: z.literal(1),
  nextSerial: z.number(),
  nextFaultId: z.number(),
  accounts: z.array(accountSchema),
  faults: z.array(faultSchema),
});

export type SavedState = z.infer<typeof savedStateSchema>;

/** Returns the state in a file's text, or undefined if it is none of ours. */
export function parseSavedState(text: string): SavedState | undefined {
  try {
    return savedStateSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
