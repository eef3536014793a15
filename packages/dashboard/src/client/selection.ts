import { STATES, type Row, type State } from "./lib/ops/row.js";

/** Which rows are shown, and in which order. */
export interface Selection {
  readonly search: string;
  readonly state: State | "all";
  readonly sort: "worst" | "life" | "name";
}

/** The rows that match, in order. */
export function select(rows: Iterable<Row>, { search, state, sort }: Selection): Row[] {
  const wanted = search.trim().toLowerCase();
  const matching = [...rows].filter(
    (row) =>
      (state === "all" || row.state === state) &&
      (wanted === "" || row.name.toLowerCase().includes(wanted) || row.id.toLowerCase().includes(wanted)),
  );
  return matching.toSorted(ORDERS[sort]);
}

/** How many there are of each state. */
export function countStates(rows: Iterable<Row>): Map<State, number> {
  const counts = new Map<State, number>();
  for (const { state } of rows) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}

const LEVELS = ["bad", "warn", "ok"];
const byName = (one: Row, other: Row): number =>
  one.name < other.name ? -1 : one.name > other.name ? 1 : one.id < other.id ? -1 : 1;
const lifeOf = ({ expiresAt = 0 }: Row): number => expiresAt;

const ORDERS: Readonly<Record<Selection["sort"], (one: Row, other: Row) => number>> = {
  name: byName,
  life: (one, other) => lifeOf(one) - lifeOf(other) || byName(one, other),
  worst: (one, other) =>
    LEVELS.indexOf(one.level) - LEVELS.indexOf(other.level) ||
    STATES.indexOf(one.state) - STATES.indexOf(other.state) ||
    byName(one, other),
};
