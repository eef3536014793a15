import { z } from "zod";

export interface Environment {
  port: number;
  scale: number;
  stateFile?: string;
}

const environmentSchema = z.object({
  SIMULATOR_PORT: z.coerce.number().int().min(0).max(65_535).default(3012),
  TOKENKEEPER_TIME_SCALE: z.coerce.number().min(1).max(3600).default(1),
  SIMULATOR_STATE_FILE: z.string().optional(),
});

const EXPECTED: Readonly<Record<string, string>> = {
  SIMULATOR_PORT: "a port from 0 (any free one) to 65535",
  TOKENKEEPER_TIME_SCALE: "a number from 1 to 3600",
};

/** Returns the settings in the environment, or all problems, one sentence each. An empty variable counts as not set. */
export function readEnvironment(env: NodeJS.ProcessEnv): Environment | { problems: string[] } {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const result = environmentSchema.safeParse(set);
  if (!result.success) {
    const names = [...new Set(result.error.issues.map((issue) => String(issue.path[0])))];
    return { problems: names.map((name) => `${name}: expected ${EXPECTED[name]}, got ${JSON.stringify(env[name])}`) };
  }
  const { SIMULATOR_PORT: port, TOKENKEEPER_TIME_SCALE: scale, SIMULATOR_STATE_FILE: stateFile } = result.data;
  return { port, scale, ...(stateFile !== undefined && { stateFile }) };
}
