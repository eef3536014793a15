// What the pages know of a credential, as it goes over the wire. Instants are epoch ms by Redis time. Never a token.
import type { Bilingual, FailureClass, ReporterEntry } from "@tokenkeeper/core";
import type { CredentialKind } from "@tokenkeeper/shared/contract";

/** The states of a credential, the worst first. */
export const STATES = [
  "blocked",
  "suspect",
  "refused",
  "missing",
  "overdue",
  "cooling",
  "retrying",
  "paused",
  "new",
  "refreshing",
  "healthy",
] as const;

/** One of `STATES`. */
export type State = (typeof STATES)[number];

/** How much it matters: apps are or will be without a value; somebody should look; all is well. */
export type Level = "bad" | "warn" | "ok";

/** What is wrong, from the table of error codes. */
export interface Trouble {
  readonly code: string;
  readonly meaning: Bilingual;
  readonly remedy: Bilingual;
  /** WeChat's request id. */
  readonly rid?: string;
}

/** The last attempt that ended. */
export interface LastRefresh {
  readonly at: number;
  readonly reason: string;
  /** `refreshed` or a failure class. */
  readonly outcome: string;
  readonly code?: string;
  /** ms that the last fetch that brought a value took. */
  readonly durationMs?: number;
}

/** One credential on the page. */
export interface Row {
  /** `<account>:<kind>` */
  readonly id: string;
  readonly account: string;
  readonly kind: CredentialKind;
  readonly name: string;
  readonly token: "stable" | "classic";
  /** It is read from a leader and never fetched from WeChat: `token` says nothing, `used` and `cap` count those reads. */
  readonly follows?: true;
  readonly state: State;
  readonly level: Level;
  /** Whether apps have a value. */
  readonly served: boolean;
  readonly issuedAt?: number;
  readonly expiresAt?: number;
  /** First 16 hex digits of the value's SHA-256. */
  readonly fingerprint?: string;
  readonly last?: LastRefresh;
  /** When it is refreshed, or looked at, next by itself. */
  readonly nextAt?: number;
  readonly failures: number;
  readonly failingSince?: number;
  /** Jobs that wait on the board for somebody to re-run them. */
  readonly failedJobs: number;
  readonly trouble?: Trouble;
  /** What keeps it from being refreshed: the class of the block, or of the last failure while it fails. */
  readonly failing?: FailureClass;
  /** Fetches of this Beijing day, and how many may happen by themselves. */
  readonly used: number;
  readonly cap: number;
  /** WeChat's fetches a day, where they are published. */
  readonly limit?: number;
  /** How often today another system was seen to fetch. */
  readonly foreign: number;
  readonly foreignAt?: number;
  readonly paused?: { readonly by: string; readonly at: number };
  /** A fetch was started and its end is not known. */
  readonly unknown?: true;
  /** The extra refresh after an unknown outcome is owed. */
  readonly settles?: true;
}

/** One job of the history. */
export interface HistoryEntry {
  readonly job: string;
  readonly at: number;
  /** Who wanted the look: plan, report, a person … */
  readonly trigger: string;
  /** `refreshed`, `fresh`, `fenced`, `waiting`, `blocked` or `failed`. */
  readonly outcome: string;
  /** Why a value was fetched. */
  readonly reason?: string;
  readonly unchanged?: boolean;
  readonly fingerprint?: string;
  readonly expiresAt?: number;
  /** ms from start to end of the job's last run. */
  readonly durationMs?: number;
  /** Of a failed one: code, address, request id, and what to do. */
  readonly failure?: { readonly facts: string; readonly text: Bilingual };
}

/** One app that reported a credential lately. */
export interface Reporter extends ReporterEntry {
  /** Its name, or that of its API key; `-`: it gives none. */
  readonly app: string;
}

/** One credential's own page. */
export interface Detail {
  readonly now: number;
  readonly row: Row;
  /** The newest first. */
  readonly history: readonly HistoryEntry[];
  /** Who reported it; the last one first. */
  readonly reporters: readonly Reporter[];
  readonly facts: {
    readonly family: string;
    readonly generation: number;
    readonly settleDue?: number;
    readonly unknownAt?: number;
    readonly intentAt?: number;
    readonly leaseUntil?: number;
    readonly forcedAt?: number;
    /** The value that WeChat was last seen to refuse, when, and how many reports counted today for the account. */
    readonly reportedSeen?: number;
    readonly reportedToday: number;
    readonly byHand: number;
    readonly handCap: number;
    readonly forced: number;
    readonly forcedCap: number;
  };
}

/** The list of all credentials, or what has changed of it. */
export interface RowsMessage {
  /** Grows with every change. */
  readonly rev: number;
  readonly now: number;
  readonly rows: readonly Row[];
  /** Ids of those that are no longer there. */
  readonly gone?: readonly string[];
}

/** The fleet's page. */
export interface Fleet {
  readonly now: number;
  readonly workers: readonly {
    readonly name: string;
    readonly host: string;
    readonly pid: string;
    readonly version: string;
    readonly startedAt: string;
    /** ms since its last sign of life. */
    readonly seenMsAgo: number;
    readonly credentials: number;
  }[];
  readonly queues: readonly {
    readonly name: string;
    readonly paused: boolean;
    readonly counts: Readonly<Record<string, number>>;
  }[];
  /** Instances that read their credentials from this one, by the name of their key; the last seen first. */
  readonly followers: readonly {
    readonly key: string;
    /** ms since it last asked for changes. */
    readonly seenMsAgo: number;
    /** It asks every 10 s, and was seen within the last minute. */
    readonly follows: boolean;
    readonly accounts: number;
    /** Names of the first of these accounts. */
    readonly names: readonly string[];
  }[];
  /** Requests to the token HTTP API on this Beijing day, by the name of the key; `-`: the key was not known. */
  readonly requests: readonly {
    readonly key: string;
    readonly served: number;
    readonly reported: number;
    readonly followed: number;
    readonly refused: number;
  }[];
  readonly schedulers: { readonly count: number; readonly overdue: number };
  readonly credentials: {
    readonly all: number;
    readonly unserved: number;
    /** Fetches whose end is not known at this moment. */
    readonly unknown: number;
    readonly settles: number;
    readonly overdue: number;
    readonly foreign: number;
  };
  readonly redis: {
    readonly version: string;
    readonly role: string;
    readonly uptimeS: number;
    readonly usedBytes: number;
    /** 0: no limit. */
    readonly limitBytes: number;
    readonly policy: string;
    readonly appendOnly: boolean;
    readonly persistenceOk: boolean;
  };
}

/** What is promised, as far as it can be seen from here. */
export type SloName = "freshness" | "timeliness" | "recovery" | "quota";

/** One figure over 30 days. */
export interface SloFigure {
  readonly slo: SloName;
  /** 0 to 1; none while nothing was counted. */
  readonly share?: number;
  /** At least this share is promised; of the quota, at most. */
  readonly target: number;
  /** Of how much: ms of one credential each, refreshes, lost attempts, accounts. */
  readonly of: number;
}

/** What the fleet's page shows. */
export interface FleetPage extends Fleet {
  readonly slo: readonly SloFigure[];
}
