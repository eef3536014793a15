// The figure of a run: what apps met, and how much life their values had left, over the same time.
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

const WIDTH = 1_000;
const LEFT = 60;
const PANEL = 170;
const GREY = "#9aa0a6";
const ORANGE = "#e8710a";
const RED = "#c5221f";
const BLUE = "#1967d2";

/** Draws two panels over one time axis, with a bar for each fault between them. */
export function figureSvg({ seed, seconds, faults }: FigureData, headline: string): string {
  const last = Math.max(1, seconds.length - 1);
  const x = (second: number): number => LEFT + (second / last) * (WIDTH - LEFT - 20);
  const most = Math.max(1, ...seconds.map(({ calls }) => calls));
  const top = (value: number): number => 50 + PANEL - (value / most) * PANEL;
  const bars = faults.filter(({ standing }) => !standing);
  const faultsAt = 50 + PANEL + 14;
  const lifeAt = faultsAt + bars.length * 9 + 30;
  const life = (percent: number): number => lifeAt + PANEL - (percent / 100) * PANEL;
  const line = (points: readonly (readonly [number, number])[], colour: string): string =>
    `<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${points.map(([a, b]) => `${a.toFixed(1)},${b.toFixed(1)}`).join(" ")}"/>`;
  const text = (at: readonly [number, number], content: string, colour = "#3c4043"): string =>
    `<text x="${at[0]}" y="${at[1]}" fill="${colour}">${escaped(content)}</text>`;
  const height = lifeAt + PANEL + 40;
  const alive = seconds.filter((one) => one.leastLife !== undefined);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="11">`,
    `<title>${escaped(headline)}</title><rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    text([LEFT, 20], `Chaos run, seed ${seed}: ${last} s`),
    text([LEFT, 38], "business calls a second", GREY),
    text([LEFT + 150, 38], "first token refused", ORANGE),
    text([LEFT + 270, 38], `surfaced errors (${seconds.reduce((sum, one) => sum + one.surfaced, 0)})`, RED),
    text([10, 60], String(most)),
    text([10, 50 + PANEL], "0"),
    line(
      seconds.map((one) => [x(one.second), top(one.calls)]),
      GREY,
    ),
    line(
      seconds.map((one) => [x(one.second), top(one.rejected)]),
      ORANGE,
    ),
    line(
      seconds.map((one) => [x(one.second), top(one.surfaced)]),
      RED,
    ),
    ...bars.map(({ kind, from, to, took }, index) => {
      const y = faultsAt + index * 9;
      const width = Math.max(2, x(to) - x(from));
      const bar = `<rect x="${x(from).toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="7" fill="${took ? BLUE : GREY}"/>`;
      const side =
        x(to) > WIDTH * 0.7 ? `x="${(x(from) - 4).toFixed(1)}" text-anchor="end"` : `x="${(x(to) + 4).toFixed(1)}"`;
      return `${bar}<text ${side} y="${y + 7}" font-size="8" fill="#5f6368">${escaped(kind)}</text>`;
    }),
    text([LEFT, lifeAt - 8], "life left of healthy credentials' values, % of the whole: median", BLUE),
    text([LEFT + 320, lifeAt - 8], "least", ORANGE),
    text([10, lifeAt + 8], "100 %"),
    text([10, lifeAt + PANEL], "0 %"),
    line(
      alive.map((one) => [x(one.second), life(one.medianLife ?? 0)]),
      BLUE,
    ),
    line(
      alive.map((one) => [x(one.second), life(one.leastLife ?? 0)]),
      ORANGE,
    ),
    ...[0, 0.25, 0.5, 0.75, 1].map((part) => text([x(part * last) - 8, height - 12], `${Math.round(part * last)} s`)),
    "</svg>",
  ].join("\n");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
