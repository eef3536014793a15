const REMEDIES: Readonly<Record<string, string>> = {
  WRONGTYPE:
    "SDK 的键下已有其他类型的数据，请改用其他前缀或删除该键。 Something else than a string stands under the SDK's key; give the mirror another prefix or remove that key.",
  NOPERM:
    "Redis 用户没有写入 SDK 键的权限，见 docs/sdk-mirrors.md。 The Redis user may not write the SDK's keys; docs/sdk-mirrors.md has the line to add.",
  OOM: "Redis 内存已满，请扩大 maxmemory。 Redis has no memory left; raise maxmemory.",
  CROSSSLOT: "镜像不支持 Redis Cluster，请使用单个 Redis。 Mirrors do not work on a Redis Cluster; use a single Redis.",
};

const OTHER = "Redis 未接受写入，请检查其是否可写。 Redis did not take the write; check that it is up and writable.";

/** What to do about a mirror that cannot be written, in both languages. @param code Redis' own word. */
export function remedyOf(code: string): string {
  return REMEDIES[code] ?? OTHER;
}
