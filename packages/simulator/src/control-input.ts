import { z } from "zod";
import { ControlError } from "./control-error.ts";
import { LINE_NAMES } from "./state/account.ts";

export const foreignFetchSchema = z.strictObject({
  family: z.enum(["classic", "stable"]),
  force: z.boolean().default(false),
});

/** What to age: one kind, or by default both token families. */
export const expireSchema = z.strictObject({ what: z.enum(LINE_NAMES).optional() });

export const resetSchema = z.strictObject({ keepAccounts: z.boolean().default(false) });

export const logQuerySchema = z.strictObject({
  after: z.coerce.number().int().min(0).optional(),
  appId: z.string().optional(),
  call: z.string().optional(),
});

export type ForeignFetch = z.input<typeof foreignFetchSchema>;
export type Expire = z.input<typeof expireSchema>;
export type Reset = z.input<typeof resetSchema>;

/** Returns the checked input; throws a ControlError (400) that names every field in trouble. */
export function checked<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => ({ field: fieldOf(issue), problem: problemOf(issue) }));
  throw new ControlError(400, problems.map(({ field, problem }) => `${field}: ${problem}`).join("; "), problems);
}

function fieldOf(issue: z.core.$ZodIssue): string {
  const names = issue.code === "unrecognized_keys" ? issue.keys : [];
  const path = issue.path.join(".");
  if (names.length === 0) return path || "body";
  return names.map((name) => (path ? `${path}.${name}` : name)).join(", ");
}

function problemOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "unrecognized_keys":
      return "unknown field";
    case "invalid_type":
      return issue.expected === "nonoptional" ? "missing" : `expected ${issue.expected}`;
    case "too_small":
      return `expected at least ${issue.minimum}`;
    case "too_big":
      return `expected at most ${issue.maximum}`;
    case "invalid_value":
      return `expected one of ${issue.values.map(String).join(", ")}`;
    case "invalid_union":
      return issue.discriminator === undefined ? issue.message : "expected a known fault type";
    case "custom":
    case "invalid_element":
    case "invalid_format":
    case "invalid_key":
    case "not_multiple_of":
      return issue.message;
  }
}
