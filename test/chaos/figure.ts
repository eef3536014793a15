// The figure of a run: what apps met, and how much life their values had left, over the same time.
import {
  init,
  type CustomSeriesRenderItemAPI,
  type CustomSeriesRenderItemParams,
  type CustomSeriesRenderItemReturn,
  type EChartsOption,
} from "echarts";
import type { Evidence } from "./judge/evidence.ts";
import { isRejectedFirst } from "./judge/surfaced.ts";
import { healthyIds } from "./sampler.ts";

/** One second of a run. */
export interface FigureSecond {
  /** From the begin of the run. */
  readonly second: number;
  readonly calls: number;
  /** The first token was refused, the call went well all the same. */
  readonly rejected: number;
  readonly surfaced: number;
  /** Of the life of healthy credentials' values, %; absent while Redis was away. */
  readonly leastLife?: number;
  readonly medianLife?: number;
}

/** What the figure shows; written beside it as JSON. */
export interface FigureData {
  readonly seed: number;
  readonly seconds: readonly FigureSecond[];
  readonly faults: readonly { kind: string; from: number; to: number; took: boolean; standing: boolean }[];
}

/** Counts by the second. Calls of unhealthy accounts are left out. */
export function figureData({ seed, from, to, calls, samples, faults, credentials }: Evidence): FigureData {
  const healthy = healthyIds(credentials);
  const names = new Set(
    credentials.filter(({ account }) => account.healthy).flatMap(({ account }) => [account.name, account.appId]),
  );
  const secondOf = (at: number): number => Math.floor((at - from) / 1_000);
  const lives = new Map(credentials.map(({ id, lifeMs }) => [id, lifeMs]));
  const seconds = Array.from({ length: secondOf(to) + 1 }, (_, second): FigureSecond => {
    const inIt = calls.filter((call) => secondOf(call.at) === second && names.has(call.account));
    const sample = samples.find(({ at }) => secondOf(at) === second);
    const shares = (sample?.credentials ?? [])
      .filter(({ credential }) => healthy.has(credential))
      .map(({ credential, remainingMs }) => Math.min(100, (100 * remainingMs) / (lives.get(credential) ?? 1)))
      .toSorted((a, b) => a - b);
    const [leastLife, medianLife] = [shares[0], shares[Math.floor(shares.length / 2)]];
    return {
      second,
      calls: inIt.length,
      rejected: inIt.filter((call) => call.outcome === "ok" && isRejectedFirst(call)).length,
      surfaced: inIt.filter(({ outcome }) => outcome === "refused" || outcome === "unavailable").length,
      ...(leastLife !== undefined && medianLife !== undefined && { leastLife, medianLife }),
    };
  });
  return {
    seed,
    seconds,
    faults: faults.map((fault) => ({
      kind: fault.kind,
      from: (fault.from - from) / 1_000,
      to: (fault.to - from) / 1_000,
      took: fault.took,
      standing: fault.standing,
    })),
  };
}

const SIZE = { width: 1_100, height: 930 };
const LEFT = 300;
const TOP = { calls: 75, faults: 285, life: 755 };
const GREY = "#9aa0a6";
const ORANGE = "#e8710a";
const RED = "#c5221f";
const BLUE = "#1967d2";

type Reading = (one: FigureSecond) => number | undefined;

/** Draws three panels over one time axis: what apps met, each fault in the row of its kind, and the life of the values. */
export function figureSvg({ seed, seconds, faults }: FigureData, headline: string): string {
  const last = Math.max(1, seconds.length - 1);
  const passing = faults.filter(({ standing }) => !standing);
  const kinds = [...new Set(passing.map(({ kind }) => kind))].toSorted().toReversed();
  const surfaced = seconds.reduce((sum, one) => sum + one.surfaced, 0);
  const lineIn = (panel: number) => (name: string, colour: string, read: Reading) => ({
    type: "line" as const,
    name,
    color: colour,
    showSymbol: false,
    animation: false,
    lineStyle: { width: 1.5 },
    xAxisIndex: panel,
    yAxisIndex: panel,
    data: seconds.map((one) => [one.second, read(one) ?? null]),
  });
  const [calls, life] = [lineIn(0), lineIn(2)];
  const chart = init(null, null, { renderer: "svg", ssr: true, ...SIZE });
  chart.setOption({
    title: {
      text: `Chaos run, seed ${seed}`,
      subtext: wrapped(headline),
      left: 10,
      top: 5,
      textStyle: { fontSize: 14 },
    },
    legend: { top: TOP.calls - 2, left: LEFT, itemGap: 24, itemHeight: 8, textStyle: { fontSize: 11 } },
    grid: [
      { left: LEFT, right: 20, top: TOP.calls + 30, height: 140 },
      { left: LEFT, right: 20, top: TOP.faults, height: 430 },
      { left: LEFT, right: 20, top: TOP.life, height: 120 },
    ],
    xAxis: [0, 1, 2].map((panel) => ({
      gridIndex: panel,
      type: "value",
      min: 0,
      max: last,
      axisLabel: { show: panel === 2, formatter: "{value} s" },
      splitLine: { show: panel === 1, lineStyle: { color: "#eee" } },
    })),
    yAxis: [
      { gridIndex: 0, type: "value", name: "calls a second", nameGap: 8 },
      {
        gridIndex: 1,
        type: "category",
        data: kinds,
        axisLabel: { interval: 0, fontSize: 10, width: LEFT - 20, overflow: "truncate" },
        splitLine: { show: true, lineStyle: { color: "#eee" } },
      },
      { gridIndex: 2, type: "value", name: "life left, %", min: 0, max: 100, nameGap: 8 },
    ],
    series: [
      calls("business calls a second", GREY, (one) => one.calls),
      calls("first token refused", ORANGE, ({ rejected }) => rejected),
      calls(`surfaced errors (${surfaced})`, RED, (one) => one.surfaced),
      {
        type: "custom",
        animation: false,
        xAxisIndex: 1,
        yAxisIndex: 1,
        renderItem: faultBar,
        data: passing.map(({ kind, from, to, took }) => [from, to, kinds.indexOf(kind), took ? 1 : 0]),
      },
      life("median life of healthy values", BLUE, ({ medianLife }) => medianLife),
      life("least", ORANGE, ({ leastLife }) => leastLife),
    ],
  } satisfies EChartsOption);
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

/** One fault; grey when it had no effect. */
function faultBar(_params: CustomSeriesRenderItemParams, api: CustomSeriesRenderItemAPI): CustomSeriesRenderItemReturn {
  const [from = 0, y = 0] = api.coord([api.value(0), api.value(2)]);
  const [to = 0] = api.coord([api.value(1), api.value(2)]);
  const shape = { x: from, y: y - 4, width: Math.max(2, to - from), height: 8 };
  return { type: "rect", shape, style: { fill: api.value(3) === 1 ? BLUE : GREY } };
}

const LINE_LENGTH = 150;

function wrapped(text: string): string {
  return text.replaceAll(new RegExp(`(.{1,${LINE_LENGTH}})(?: |$)`, "g"), "$1\n").trim();
}
