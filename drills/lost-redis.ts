import { credentialId } from "@tokenkeeper/shared/contract";
import { acceptedSoFar, seeAppsAtWork } from "./acts.ts";
import { defineDrill, ensure } from "./drill.ts";
import { NoGroundError } from "./ground.ts";

interface State {
  /** Ids of the credentials that apps had before. */
  readonly served: readonly string[];
  /** Number of WeChat's last call before. */
  readonly lastCall: number;
  accepted: number[];
}

const OURS = /^(?:wx:|\{wx\}:)/;

/** Redis comes back empty. */
export const lostRedis = defineDrill<State>({
  name: "lost-redis",
  title: { zh: "Redis 数据全部丢失", en: "a Redis that has lost everything" },
  suits: () => true,
  calls: "all",
  async begin({ keeper, wechat }) {
    const strange = (await keeper.redis.keys("*")).find((key) => !OURS.test(key));
    if (strange !== undefined) throw new NoGroundError("Redis holds keys that are not ours: they would be lost too.");
    const served = (await keeper.rows()).flatMap((row) => (row.state === "healthy" ? [row.id] : []));
    return { served, lastCall: await wechat.lastCall(), accepted: [] };
  },
  steps: [
    {
      what: {
        zh: "（演练）清空 Redis：`FLUSHALL`。真实情况是数据目录丢失或切换到了空实例",
        en: "(The drill) empty Redis: `FLUSHALL`. In earnest the data folder was lost, or a failover led to an empty server",
      },
      check: { zh: "业务应用照常工作：它们用内存中的值", en: "Apps go on: they have their values in memory" },
      async act(ground, state) {
        await ground.keeper.redis.flushall();
        state.accepted = acceptedSoFar(ground);
      },
      see: async (ground, { accepted }) => seeAppsAtWork(ground, accepted),
    },
    {
      what: {
        zh: "什么都不用做。观察 `pnpm cli status` 或页面 `/`，约一分钟",
        en: "Do nothing. Watch `pnpm cli status`, or the page `/`, for a minute or so",
      },
      check: { zh: "所有凭证都回来了", en: "Every credential is there again" },
      act: async () => undefined,
      async see({ keeper }, { served }) {
        const back = new Set((await keeper.rows()).flatMap((row) => (row.served ? [credentialId(row)] : [])));
        const missing = served.filter((id) => !back.has(id));
        ensure(missing.length === 0, `${missing.length} of ${served.length} are missing`);
        return `${served.length} credentials`;
      },
    },
    {
      what: { zh: "查看页面 `/fleet`", en: "Look at the page `/fleet`" },
      check: {
        zh: "worker 都在，定时调度已重建且没有逾期，每个凭证只获取了一次",
        en: "The workers are there, their schedulers are armed again and none is overdue; each credential was fetched once",
      },
      act: async () => undefined,
      async see({ keeper, wechat }, { served, lastCall }) {
        const { workers, schedulers } = await keeper.fleet();
        ensure(workers.length > 0, "no worker gives a sign of life");
        ensure(schedulers.count > served.length, `${schedulers.count} schedulers are armed`);
        ensure(schedulers.overdue === 0, `${schedulers.overdue} schedulers are overdue`);
        const fetches = (await wechat.callsAfter(lastCall)).filter(
          ({ call, errcode }) => errcode === 0 && /^(?:token|stable_token|getticket)/.test(call),
        );
        // One that was under way when Redis was emptied is made again.
        ensure(fetches.length <= served.length + 2, `${fetches.length} fetches for ${served.length} credentials`);
        return `${workers.length} workers, ${schedulers.count} schedulers, ${fetches.length} fetches`;
      },
    },
  ],
  restore: async () => undefined,
});
