import type { HistoryEntry } from "./lib/ops/row.js";
import UPlot from "./lib/uplot/uPlot.esm.js";

/** Where the three charts of a credential are drawn, by the ids of their elements. */
export type ChartName = "life" | "latency" | "failures";

type Data = UPlot.AlignedData;
/** From and to, epoch s. */
type Span = [number, number];
const MINUTE = 60;
const HOUR = 3_600;
const HEIGHT = 180;

/** Draws charts of a history into elements, and anew when size, data or colours change. */
export function drawCharts(
  history: readonly HistoryEntry[],
  now: number,
  labels: Readonly<Record<ChartName, string>>,
): void {
  const oldestFirst = history.toReversed();
  const data: Readonly<Record<ChartName, Data>> = {
    life: lifeOf(oldestFirst, now / 1_000),
    latency: latencyOf(oldestFirst),
    failures: failuresOf(oldestFirst, now / 1_000),
  };
  const first = (oldestFirst[0]?.at ?? now) / 1_000;
  const shown: Span = [Math.min(first, now / 1_000 - HOUR), now / 1_000];
  for (const name of ["life", "latency", "failures"] as const) draw(name, labels[name], { data: data[name], shown });
}

/** Life left in minutes: it falls until the next refresh puts it up again. */
export function lifeOf(oldestFirst: readonly HistoryEntry[], now: number): Data {
  const times: number[] = [];
  const minutes: number[] = [];
  let end: number | undefined;
  const add = (at: number, until: number): void => {
    times.push(at);
    minutes.push(Math.max(0, until - at) / MINUTE);
  };
  for (const { at, expiresAt } of oldestFirst) {
    if (expiresAt === undefined) continue;
    if (end !== undefined) add(at / 1_000, end);
    end = expiresAt / 1_000;
    add(at / 1_000, end);
  }
  if (end !== undefined) add(now, end);
  return [times, minutes];
}

function latencyOf(oldestFirst: readonly HistoryEntry[]): Data {
  const timed = oldestFirst.filter(({ durationMs, outcome }) => durationMs !== undefined && outcome !== "fresh");
  return [timed.map(({ at }) => at / 1_000), timed.map(({ durationMs = 0 }) => durationMs)];
}

/** Failed jobs by the hour, from the oldest entry to now; 14 days at most. */
export function failuresOf(oldestFirst: readonly HistoryEntry[], now: number): Data {
  const last = Math.floor(now / HOUR);
  const first = Math.max(Math.floor((oldestFirst[0]?.at ?? now * 1_000) / 1_000 / HOUR), last - 14 * 24);
  const hours = Array.from({ length: Math.max(1, last - first + 1) }, (_, index) => (first + index) * HOUR);
  const counts = hours.map(() => 0);
  for (const { at, outcome } of oldestFirst) {
    const index = Math.floor(at / 1_000 / HOUR) - first;
    if (outcome === "failed" && index >= 0) counts[index] = (counts[index] ?? 0) + 1;
  }
  return [hours, counts];
}

function draw(name: ChartName, label: string, { data, shown }: { data: Data; shown: Span }): void {
  const place = document.getElementById(`chart-${name}`);
  if (!place) return;
  place.replaceChildren();
  // A canvas knows no `light-dark()`; the style of an element has the colour that comes of it.
  const colour = (property: string): string => {
    place.style.color = `var(${property})`;
    return getComputedStyle(place).color;
  };
  const axis = {
    stroke: colour("--text"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line") },
  };
  const bars = UPlot.paths.bars?.({ size: [0.8, 40] });
  const line: UPlot.Series = { stroke: colour("--accent"), width: 2, points: { show: data[0].length < 40 } };
  const column: UPlot.Series = { stroke: colour("--bad"), fill: colour("--bad"), ...(bars && { paths: bars }) };
  // oxlint-disable-next-line no-new -- it draws itself into the place
  new UPlot(
    {
      width: place.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      axes: [axis, { ...axis, size: 56 }],
      scales: { x: { range: () => shown }, y: { range: (_plot, _least, most) => [0, Math.max(1, most * 1.1)] } },
      series: [{}, { label, ...(name === "failures" ? column : line) }],
    },
    data,
    place,
  );
}
