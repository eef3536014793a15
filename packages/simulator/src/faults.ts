import { z } from "zod";
import { CALLS } from "./rules/endpoint.ts";
import type { Call } from "./rules/endpoint.ts";

const ms = z.number().int().min(0).max(3_600_000);
const execute = z.boolean().default(false);

const kindSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("errcode"), errcode: z.number().int(), errmsg: z.string().optional() }),
  z.strictObject({ type: z.literal("delay"), ms }),
  z.strictObject({ type: z.literal("issue_late"), ms }),
  z.strictObject({ type: z.literal("execute_then_reset") }),
  z.strictObject({ type: z.literal("reset_before") }),
  z.strictObject({ type: z.literal("execute_then_hang") }),
  z.strictObject({ type: z.literal("truncate"), bytes: z.number().int().min(0) }),
  z.strictObject({ type: z.literal("wrong_json"), body: z.string().default('{"access_token":'), execute }),
  z.strictObject({ type: z.literal("http_502"), execute }),
  z.strictObject({
    type: z.literal("body"),
    status: z.number().int().min(200).max(599).default(200),
    body: z.string(),
    contentType: z
      .string()
      .regex(/^[\x20-\x7E]+$/, "expected printable ASCII")
      .default("application/json; encoding=utf-8"),
    execute,
  }),
]);

/** What a fault is made of; `call: "getticket"` means both ticket types, `"*"` every call, `times: null` until deleted. */
export const faultInputSchema = z.strictObject({
  call: z.enum([...CALLS, "*"]),
  fault: kindSchema,
  times: z.number().int().min(1).nullable().default(1),
  probability: z.number().min(0).max(1).default(1),
});

/** A fault in place; `appId: "*"` means all accounts and callers unknown to WeChat. */
export const faultSchema = faultInputSchema.extend({ id: z.number(), appId: z.string() });

export type FaultKind = z.infer<typeof kindSchema>;
export type FaultInput = z.input<typeof faultInputSchema>;
export type Fault = z.infer<typeof faultSchema>;

export interface Occasion {
  appId: string | null;
  call: Call;
  random: () => number;
}

/** Returns the fault that hits this call, if any, and the list with one of its times used up. First placed, first hit. */
export function takeFault(faults: readonly Fault[], occasion: Occasion): { fault?: FaultKind; left: readonly Fault[] } {
  const hit = faults.find(
    (fault) => concerns(fault, occasion) && (fault.probability === 1 || occasion.random() < fault.probability),
  );
  if (hit === undefined) return { left: faults };
  const left = faults.flatMap((fault) => (fault === hit ? usedOnce(fault) : [fault]));
  return { fault: hit.fault, left };
}

function concerns(fault: Fault, { appId, call }: Occasion): boolean {
  if (fault.appId !== "*" && fault.appId !== appId) return false;
  return fault.call === "*" || fault.call === call || (fault.call === "getticket" && call.startsWith("getticket:"));
}

function usedOnce(fault: Fault): Fault[] {
  if (fault.times === null) return [fault];
  return fault.times > 1 ? [{ ...fault, times: fault.times - 1 }] : [];
}
