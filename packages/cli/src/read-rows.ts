import { rowOf, type Data, type Row } from "@tokenkeeper/ops";

/** Every credential, as Redis has it now. */
export interface Rows {
  /** Redis time, epoch ms. */
  readonly now: number;
  readonly rows: readonly Row[];
}

/** Rejects with UnavailableError while Redis does not answer. */
export async function readRows({ data }: { readonly data: Data }): Promise<Rows> {
  const facts = await data.facts(await data.accounts());
  return { now: facts[0]?.now ?? Date.now(), rows: facts.map((each) => rowOf(each)) };
}
