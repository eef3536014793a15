import { MIXES, type Measured } from "./comparison.ts";

/** The page: what was measured, the table, how to read it. */
export function documentOf(
  table: readonly (readonly Measured[])[],
  { appDays, seed }: { appDays: number; seed: number },
): string {
  const [mixed = "", ...single] = MIXES.map(({ name }) => name);
  const head = ["Design", `refused first, ${mixed}`, "surfaced", "worst outage", "fetches a day", ...single];
  const lines = table.map((cells) => {
    const [first, ...rest] = cells;
    const numbers = first && [
      first.rejected.toFixed(1),
      first.surfaced.toFixed(1),
      `${first.worstOutage.toFixed(0)} s`,
      first.fetchesADay.toFixed(1),
    ];
    return [first?.design ?? "", ...(numbers ?? []), ...rest.map(({ rejected }) => rejected.toFixed(2))];
  });
  return `# What each part of the design is worth

中文摘要:同一引擎逐项去掉部件后的对比。只有锁、甚至加上栅栏,都挡不住"迟到的请求";补刷(D)把拒绝率降低约两个数量级,读取端的一次重试与上报(E)让剩下的几乎不再传到业务(连续两次丢失新值时除外)。数字为每一万次业务调用中首次被拒的次数。

Measured by \`node test/model/design-table.ts ${appDays}\` on the model of \`test/model\`: the real engine and reader on virtual time, with parts left out around
them. Classic tokens, strict overlap of 5 minutes, a refresh every 30 minutes, an app that calls every 5 s with a cache of 30 s; ${appDays} app-days for each cell,
seed ${seed}. The rates of faults are far above reality on purpose: a share of the fetches is hit by a crash of the worker, a pause of 10 to 60 s after
WeChat issued, a request that WeChat executes 10 to 60 s after the client gave up, a Redis that loses its last 1 to 2 s just after the commit, or a lost reply.
Numbers are calls of 10,000 that WeChat refused at the first try because of the token; \`surfaced\` are those that an app was left with, and an outage is
a time in which it met nothing else.

| ${head.join(" | ")} |
|${" --- |".repeat(head.length)}
${lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}

The lock keeps two fetches apart and no more. The fence keeps a worker that was stopped from storing an old value over a newer one. Intent and repair know
what a crash left behind and put lost writes back without a fetch. Only the settling refresh cures late requests: WeChat looks at no lock of ours, and the
value it issued unseen ends the stored one five minutes later. What is left are the moments in which a second fetch ends a value that an app still holds:
there the reader reads again, or reports and waits 3 s; two lost values in a row are more than that.
`;
}
