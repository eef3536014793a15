import { MINUTE, SECOND } from "@tokenkeeper/shared/contract";
import { z } from "zod";

// What several sections of the configuration file have in common. Every rule carries its own text, which reads as what
// was expected: zod's messages are not shown to anybody.

const NAME = "a name of up to 64 letters, digits, spaces and . _ -";
const NAME_PATTERN = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u;
const DURATION_PATTERN = /^(\d{1,4})([smh])$/;
const UNIT_MS = { s: SECOND, m: MINUTE, h: 60 * MINUTE } as const;

/** The name of an account or of a key. */
export const nameRule = z.string(NAME).regex(NAME_PATTERN, NAME);

/**
 * A duration such as `90s`, `30m` or `1h`, parsed to ms.
 * @param least ms @param most ms @param expected how it reads in a problem.
 */
export function durationRule(least: number, most: number, expected: string): z.ZodType<number> {
  return z
    .string(expected)
    .transform((text) => durationMs(text))
    .refine((ms) => ms >= least && ms <= most, expected);
}

function durationMs(text: string): number {
  const [, amount, unit] = DURATION_PATTERN.exec(text) ?? [];
  return amount && unit ? Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS] : Number.NaN;
}
