import { answered, rowOf, type Row } from "@tokenkeeper/ops";
import type { FleetConnection } from "./fleet-connection.ts";

/** Every credential, as Redis has it now. */
export interface Rows {
  /** Redis time, epoch ms. */
  readonly now: number;
  readonly rows: readonly Row[];
}

/** Rejects with UnavailableError while Redis does not answer. */
export async function readRows({ data, redis }: Pick<FleetConnection, "data" | "redis">): Promise<Rows> {
  const facts = await data.facts(await data.accounts());
  const [seconds] = await answered(() => redis.time());
  return { now: Number(seconds) * 1_000, rows: facts.map((each) => rowOf(each)) };
}
