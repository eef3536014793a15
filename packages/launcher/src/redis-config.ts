// The configuration file of the private Redis. Pure.

export interface RedisConfig {
  readonly folder: string;
  readonly port: number;
  /** Letters, digits, `-` and `_` only. */
  readonly password: string;
}

/**
 * Text of a `redis.conf`: loopback only, a password, an append-only file synced every second, nothing evicted.
 * The password stands in the file because a command line is readable by every user of the machine.
 */
export function redisConfigText({ folder, port, password }: RedisConfig): string {
  return [
    "bind 127.0.0.1",
    `port ${port}`,
    `requirepass ${quoted(password)}`,
    `dir ${quoted(folder)}`,
    `logfile ${quoted(`${folder}/redis.log`)}`,
    "daemonize no",
    "appendonly yes",
    "appendfsync everysec",
    'save ""',
    "maxmemory-policy noeviction",
    "",
  ].join("\n");
}

/** Port and password of a text that `redisConfigText` made, or `undefined` when they are not there. */
export function parseRedisConfig(text = ""): Omit<RedisConfig, "folder"> | undefined {
  const port = /^port (\d+)$/m.exec(text)?.[1];
  const password = /^requirepass "([\w-]+)"$/m.exec(text)?.[1];
  return port === undefined || password === undefined ? undefined : { port: Number(port), password };
}

function quoted(value: string): string {
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
