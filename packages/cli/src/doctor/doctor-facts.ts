import type { Problem } from "@tokenkeeper/core";
import type { Fleet, Row } from "@tokenkeeper/ops";

/** Everything that was read for the checks, which are pure. Nothing secret. */
export interface DoctorFacts {
  readonly config: ConfigFacts;
  readonly redis: RedisReach;
  /** What Redis tells of the fleet; `undefined`: it does not answer, or refuses. */
  readonly fleet?: FleetFacts;
  /** Absent when every account follows: then nothing is asked of WeChat. */
  readonly wechat?: WechatFacts;
  /** Present when an account of the configuration follows. */
  readonly leader?: LeaderFacts;
  /** Present when DASHBOARD_PUBLIC_URL is set. */
  readonly dashboard?: Reach;
}

/** The worker's configuration as it is here. */
export type ConfigFacts =
  | { readonly type: "absent" }
  | { readonly type: "refused"; readonly problems: readonly Problem[] }
  | {
      readonly type: "read";
      readonly accounts: number;
      /** So many of them follow. */
      readonly following: number;
      /** Where they read from: an origin. */
      readonly leader?: string;
      readonly warnings: readonly string[];
    };

/** Whether Redis is named and answers. */
export type RedisReach =
  /** `aheadMs`: so far this machine's clock is ahead of Redis' clock, give or take `withinMs`. */
  | { readonly type: "reached"; readonly aheadMs: number; readonly withinMs: number }
  | { readonly type: "unnamed" }
  | { readonly type: "silent" };

/** The fleet and its credentials. */
export interface FleetFacts {
  readonly fleet: Fleet;
  readonly rows: readonly Row[];
  /** The address that WeChat refused, by the id of the credential. */
  readonly refusedAddresses: Readonly<Record<string, string>>;
}

/** How an HTTP server was reached, or where on the way it failed. */
export type Reach =
  | { readonly type: "answered"; readonly status: number; readonly aheadMs?: number }
  | { readonly type: "failed"; readonly at: "name" | "connect" | "tls" | "answer" };

/** WeChat from here. */
export interface WechatFacts {
  /** Host and port, without scheme. */
  readonly host: string;
  readonly reach: Reach;
  /** Names of the variables that name a proxy. */
  readonly proxies: readonly string[];
}

/** The instance that is followed, from here. */
export interface LeaderFacts {
  /** Host and port, without scheme. */
  readonly host: string;
  readonly reach: Reach;
}
