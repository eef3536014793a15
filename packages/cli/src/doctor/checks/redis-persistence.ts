import { fleetCheck } from "../check.ts";
import { ok, problem, warning } from "../finding.ts";

/** Whether a restart of Redis loses anything. */
export const redisPersistence = fleetCheck("redis-persistence", ({ fleet: { redis } }) => {
  if (!redis.persistenceOk) {
    return problem(
      { en: "Its last write to disk failed.", zh: "最近一次写入磁盘失败。" },
      {
        en: "Check its disk: full, read-only, or without rights; its log names the cause.",
        zh: "请检查其磁盘：是否已满、只读或无权限；其日志会说明原因。",
      },
    );
  }
  if (redis.appendOnly) return ok("Append-only file, and the last write went well.", "已启用 AOF，最近一次写入正常。");
  return warning(
    {
      en: "Snapshots only: a crash loses minutes, and with them tokens that WeChat has already replaced.",
      zh: "仅快照：崩溃会丢失数分钟数据，其中可能有微信已经替换的凭证。",
    },
    {
      en: "Set it: `CONFIG SET appendonly yes`, and the same in its configuration file.",
      zh: "请执行 `CONFIG SET appendonly yes`，并写入其配置文件。",
    },
  );
});
