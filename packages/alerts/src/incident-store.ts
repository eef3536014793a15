import { answered } from "@tokenkeeper/ops";
import { INCIDENTS_KEY } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import { incidentSchema, type Incident, type Incidents } from "./incident.ts";

/** The incidents at one revision. */
export interface IncidentState {
  /** Another one after every change. */
  readonly revision: string;
  readonly incidents: Incidents;
}

/** Where incidents are kept. All of it rejects with UnavailableError while Redis does not answer. */
export interface IncidentStore {
  read(): Promise<IncidentState>;
  /** Of these keys, those that are there. */
  some(keys: readonly string[]): Promise<Incidents>;
  /**
   * Writes what differs.
   * @returns the state after it; `undefined` when somebody else wrote meanwhile: then nothing was written.
   */
  write(before: IncidentState, after: Incidents): Promise<IncidentState | undefined>;
}

const REVISION = "revision";

// KEYS[1] incidents; ARGV: the revision that was read, how many fields go, these, and then fields with their values.
const WRITE = `
if (redis.call("HGET", KEYS[1], "${REVISION}") or "0") ~= ARGV[1] then return false end
local gone = tonumber(ARGV[2])
for at = 3, 2 + gone do redis.call("HDEL", KEYS[1], ARGV[at]) end
for at = 3 + gone, #ARGV, 2 do redis.call("HSET", KEYS[1], ARGV[at], ARGV[at + 1]) end
local revision = string.format("%d", (tonumber(ARGV[1]) or 0) % 1e15 + 1)
redis.call("HSET", KEYS[1], "${REVISION}", revision)
return revision`;

/** Incidents in Redis: one hash, changed by one process at a time. */
export function createIncidentStore(redis: Redis): IncidentStore {
  return {
    read: () =>
      answered(async () => {
        const { [REVISION]: revision = "0", ...fields } = await redis.hgetall(INCIDENTS_KEY);
        return { revision, incidents: incidentsIn(fields) };
      }),
    some: (keys) =>
      answered(async () => {
        if (keys.length === 0) return new Map();
        const texts = await redis.hmget(INCIDENTS_KEY, ...keys);
        return incidentsIn(Object.fromEntries(keys.map((key, index) => [key, texts[index] ?? ""])));
      }),
    write: (before, after) =>
      answered(async () => {
        const gone = [...before.incidents.keys()].filter((key) => !after.has(key));
        const changed = [...after].filter(([key, incident]) => before.incidents.get(key) !== incident);
        if (gone.length === 0 && changed.length === 0) return before;
        const fields = changed.flatMap(([key, incident]) => [key, JSON.stringify(incident)]);
        const args = [before.revision, String(gone.length), ...gone, ...fields];
        const revision = await redis.eval(WRITE, 1, INCIDENTS_KEY, ...args);
        return typeof revision === "string" ? { revision, incidents: after } : undefined;
      }),
  };
}

/** What is not of our form is as if it were not there. */
function incidentsIn(fields: Readonly<Record<string, string>>): Incidents {
  return new Map(
    Object.entries(fields).flatMap(([key, json]): [string, Incident][] => {
      const incident = parse(json);
      return incident ? [[key, incident]] : [];
    }),
  );
}

function parse(json: string): Incident | undefined {
  try {
    return incidentSchema.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}
