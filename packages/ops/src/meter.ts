/** What is said of a metric: all of it that Prometheus and the docs need. */
export interface MetricSpec {
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram, s. */
  readonly buckets?: readonly number[];
  /** Series of a counter that are there from the start: what appears with its first event has no increase to alert on. */
  readonly known?: readonly Readonly<Record<string, string>>[];
}

/** Metrics by their names. */
export type MetricTable = Readonly<Record<string, MetricSpec>>;

type NamesOf<Table extends MetricTable, Type extends MetricSpec["type"]> = {
  [Name in keyof Table]: Table[Name]["type"] extends Type ? Name : never;
}[keyof Table];

/** Label values by their names. */
export type LabelsOf<Spec extends MetricSpec> = Readonly<Record<Spec["labels"][number], string>>;

/** One value of a gauge; a label that says nothing is left out. */
export interface Sample<Spec extends MetricSpec = MetricSpec> {
  readonly labels: Partial<LabelsOf<Spec>>;
  readonly value: number;
}

/**
 * Counts what happens, for whatever reads it. Every call is synchronous and cheap: it may stand on the path of a refresh. Nothing that
 * is passed in may be or hold a token or a secret.
 */
export interface Meter<Table extends MetricTable> {
  /** @param times @default 1 */
  add<Name extends NamesOf<Table, "counter">>(name: Name, labels: LabelsOf<Table[Name]>, times?: number): void;
  observe<Name extends NamesOf<Table, "histogram">>(name: Name, labels: LabelsOf<Table[Name]>, seconds: number): void;
  set<Name extends NamesOf<Table, "gauge">>(name: Name, labels: LabelsOf<Table[Name]>, value: number): void;
  /** All values of a gauge; those of before are gone. */
  replace<Name extends NamesOf<Table, "gauge">>(name: Name, samples: readonly Sample<Table[Name]>[]): void;
}

/**
 * Above this many credentials no metric names an account: series for each would cost Prometheus more than they tell. Lists, alerts and
 * the API have them all.
 */
export const MOST_LABELLED = 2_000;
