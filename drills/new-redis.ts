import { recordKey } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import { acceptedSoFar, FORCE, force, seeAppsAtWork, seeRefreshed } from "./acts.ts";
import { defineDrill, ensure } from "./drill.ts";
import { NoGroundError, type Ground } from "./ground.ts";
import type { Keeper } from "./keeper.ts";

interface State {
  readonly url: string;
  /** The system as seen in the new Redis. */
  readonly fresh: Keeper;
  /** Names of the workers before. */
  readonly workers: readonly string[];
  job: string;
  accepted: number[];
}

/** Redis moves to another server. */
export const newRedis = defineDrill<State>({
  name: "new-redis",
  title: { zh: "迁移到新的 Redis", en: "moving to a new Redis" },
  suits: () => true,
  calls: "all",
  async begin(ground) {
    const { url, keeper: fresh } = await ground.newRedis();
    const [size, mine] = [await fresh.redis.dbsize(), await ground.keeper.fleet()];
    if (size > 0) throw new NoGroundError("The Redis of NEW_REDIS_URL is not empty: what it holds would be lost.");
    return { url, fresh, workers: mine.workers.map(({ name }) => name), job: "", accepted: [] };
  },
  steps: [
    {
      what: {
        zh: "启动一个空的新 Redis：版本不低于旧的，密码与 ACL 用户相同，`maxmemory-policy noeviction`，`appendonly yes`",
        en: "Start a new, empty Redis: no older version, the same password and ACL users, `maxmemory-policy noeviction`, `appendonly yes`",
      },
      check: { zh: "新 Redis 为空，策略正确", en: "It is empty and has the right policy" },
      act: async () => undefined,
      async see(_ground, { fresh }) {
        const facts = await info(fresh.redis);
        ensure(facts("maxmemory_policy") === "noeviction", `its policy is ${facts("maxmemory_policy")}`);
        ensure(facts("aof_enabled") === "1", "it keeps no append-only file");
        return `Redis ${facts("redis_version")}`;
      },
    },
    {
      what: {
        zh: "让新的成为旧的副本。在新的上执行 `CONFIG SET masterauth <密码>` 和 `REPLICAOF <旧主机> <端口>`；在旧的上也执行 `CONFIG SET masterauth <密码>`。密码属于 ACL 用户时，两边先执行 `CONFIG SET masteruser admin`",
        en: "Make the new one a replica of the old. At the new one: `CONFIG SET masterauth <password>` and `REPLICAOF <old host> <port>`; at the old one `CONFIG SET masterauth <password>` too. Where the password is an ACL user's, `CONFIG SET masteruser admin` first at both",
      },
      check: {
        zh: "新的 `INFO replication` 中 `master_link_status:up`，键数相同",
        en: "`INFO replication` of the new one says `master_link_status:up`, and it holds as many keys",
      },
      async act({ redisUrl, keeper }, { fresh, url }) {
        const old = new URL(redisUrl);
        await setMasterAuth(fresh.redis, old);
        await setMasterAuth(keeper.redis, new URL(url));
        await fresh.redis.call("REPLICAOF", old.hostname, old.port || "6379");
      },
      async see({ keeper }, { fresh }) {
        const link = (await info(fresh.redis))("master_link_status");
        ensure(link === "up", `the link is ${link || "not there"}`);
        const [there, here] = [await fresh.redis.dbsize(), await keeper.redis.dbsize()];
        ensure(there > 0 && Math.abs(there - here) <= here * 0.1, `${there} of ${here} keys are there`);
        return `${there} keys`;
      },
    },
    {
      what: {
        zh: "切换主从。在旧的上执行 `FAILOVER`：它先等副本追平，再让出主角色，自己变为新的副本",
        en: "Change the roles. At the old one: `FAILOVER`; it waits for the replica to catch up, hands over, and becomes a replica of the new one",
      },
      check: {
        zh: "新的是 `role:master`，旧的是它的副本；从此刻起没有刷新，业务应用继续从旧的读取",
        en: "The new one is `role:master` and the old one its replica; nothing is refreshed from now on, and apps read on from the old one",
      },
      async act(ground, state) {
        await ground.keeper.redis.call("FAILOVER", "TIMEOUT", 10_000);
        state.accepted = acceptedSoFar(ground);
      },
      async see(ground, { fresh, accepted }) {
        const [there, here] = [await info(fresh.redis), await info(ground.keeper.redis)];
        ensure(there("role") === "master", `the new one is a ${there("role")}`);
        ensure(here("role") === "slave" && here("master_link_status") === "up", "the old one does not follow yet");
        return seeAppsAtWork(ground, accepted);
      },
    },
    {
      byHand: true,
      what: {
        zh: "立即把 worker 和看板的 `REDIS_URL` 改为新的并重启，全部 worker 在几分钟内完成",
        en: "At once: give workers and dashboard the new `REDIS_URL` and restart them, all workers within minutes",
      },
      check: {
        zh: "新的 worker 有心跳，旧 Redis 上没有 worker 的连接（`CLIENT LIST`）",
        en: "New workers give a sign of life, and no worker is connected to the old Redis (`CLIENT LIST`)",
      },
      act: async () => undefined,
      async see({ keeper }, { fresh, workers }) {
        const left = await clientsOf(keeper.redis, "tokenkeeper-worker");
        ensure(left === 0, `${left} connections of workers are left at the old one`);
        const others = (await fresh.fleet()).workers.filter(({ name }) => !workers.includes(name));
        ensure(others.length > 0, "no new worker gives a sign of life");
        return `${others.length} new workers`;
      },
    },
    {
      ...FORCE,
      check: {
        zh: "任务成功；还在读旧 Redis 的业务应用也得到新值",
        en: "The job succeeds, and apps that still read from the old Redis get the new value as well",
      },
      async act(ground, state) {
        state.job = await force({ keeper: state.fresh, account: ground.account });
      },
      async see(ground, { fresh, job }) {
        const seen = await seeRefreshed({ keeper: fresh, account: ground.account }, job);
        const value = await fresh.redis.hget(recordKey(ground.ref), "value");
        for (const app of ground.apps) {
          ensure((await app.token(ground.account.name)) === value, "an app has another value");
        }
        return seen;
      },
    },
    {
      what: {
        zh: "不必着急：逐个重启业务应用，换成新的 `REDIS_URL`",
        en: "In your own time: restart the apps one by one with the new `REDIS_URL`",
      },
      check: {
        zh: "旧 Redis 上没有业务应用的连接（`CLIENT LIST`）",
        en: "No app is connected to the old Redis (`CLIENT LIST`)",
      },
      async act(ground, state) {
        for (const app of ground.apps) await app.moveTo(state.url);
        state.accepted = acceptedSoFar(ground);
      },
      async see(ground, { accepted }) {
        const left = await appsAt(ground);
        ensure(left === 0, `${left} connections of apps are left at the old one`);
        return seeAppsAtWork(ground, accepted);
      },
    },
    {
      byHand: true,
      what: { zh: "关闭旧 Redis", en: "Switch the old Redis off" },
      check: { zh: "业务应用和刷新照常工作", en: "Apps and refreshes go on" },
      async act(ground, state) {
        state.job = "";
        state.accepted = acceptedSoFar(ground);
      },
      async see(ground, state) {
        const answers = await ground.keeper.redis.ping().catch(() => undefined);
        ensure(answers === undefined, "it answers still");
        state.job ||= await force({ keeper: state.fresh, account: ground.account });
        const seen = await seeRefreshed({ keeper: state.fresh, account: ground.account }, state.job);
        return `${seen}, ${seeAppsAtWork(ground, state.accepted)}`;
      },
    },
  ],
  restore: async () => undefined,
});

async function info(redis: Redis): Promise<(field: string) => string> {
  const text = await redis.info();
  return (field) => new RegExp(`^${field}:(.*)$`, "m").exec(text)?.[1]?.trim() ?? "";
}

/** How to sign in at `server`: what a replica of it needs. */
async function setMasterAuth(redis: Redis, server: URL): Promise<void> {
  if (server.username) await redis.config("SET", "masteruser", decodeURIComponent(server.username));
  if (server.password) await redis.config("SET", "masterauth", decodeURIComponent(server.password));
}

/** How many connections bear a name that begins so. */
async function clientsOf(redis: Redis, name: string): Promise<number> {
  const list = String(await redis.client("LIST"));
  return list.split("\n").filter((line) => line.includes(` name=${name}`)).length;
}

async function appsAt({ keeper }: Ground): Promise<number> {
  const names = ["tokenkeeper-client", "tokenkeeper-rotations"];
  const counts = await Promise.all(names.map((name) => clientsOf(keeper.redis, name)));
  return counts.reduce((sum, count) => sum + count, 0);
}
