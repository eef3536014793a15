import { z } from "zod";

/** The chat products whose group robots are simulated, and a plain webhook. */
export const ROBOT_TYPES = ["wecom", "dingtalk", "feishu", "webhook"] as const;

export type RobotType = (typeof ROBOT_TYPES)[number];

export const robotTypeSchema = z.enum(ROBOT_TYPES);

/** What a robot is set to in its group. */
export const robotInputSchema = z.strictObject({
  type: robotTypeSchema,
  id: z.string().regex(/^[\w-]{1,64}$/, "expected up to 64 letters, digits, _ and -"),
  /** Messages must be signed with it. */
  secret: z.string().min(1).optional(),
  /** Messages must contain it. */
  keyword: z.string().min(1).optional(),
});

export interface RobotInput {
  readonly type: RobotType;
  readonly id: string;
  readonly secret?: string | undefined;
  readonly keyword?: string | undefined;
}

/** What happens to messages instead of being taken. */
export const robotFaultSchema = z.strictObject({
  fault: z.discriminatedUnion("type", [
    /** Answers this. */
    z.strictObject({ type: z.literal("answer"), status: z.int().min(200).max(599).default(200), body: z.string() }),
    /** The connection is reset before anything is answered. */
    z.strictObject({ type: z.literal("reset") }),
  ]),
  /** How many messages; null: until deleted. */
  times: z.int().min(1).nullable().default(1),
});

export type RobotFaultInput = z.input<typeof robotFaultSchema>;
export type RobotFault = z.output<typeof robotFaultSchema>;

/** A message as it came over the wire. */
export interface RobotRequest {
  readonly query: URLSearchParams;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** What a robot answers. */
export interface RobotAnswer {
  readonly accepted: boolean;
  readonly status: number;
  readonly body: string;
}
