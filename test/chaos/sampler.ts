import { setTimeout as sleep } from "node:timers/promises";
import { fingerprint, controlKey, recordKey } from "@tokenkeeper/shared/contract";
import type { StateView } from "@tokenkeeper/simulator";
import type { Arena } from "./arena.ts";
import type { ChaosCredential } from "./population.ts";

/** What Redis held of one credential when it was looked at. Times are epoch ms. */
export interface CredentialSample {
  readonly credential: string;
  /** The record's version; `undefined`: no record. */
  readonly version?: number;
  readonly fp?: string;
  /** ms */
  readonly remainingMs: number;
  readonly planAt?: number;
  /** WeChat accepts the value. */
  readonly accepted: boolean;
}

/** All credentials at one time. */
export interface Sample {
  readonly at: number;
  readonly credentials: readonly CredentialSample[];
}

/** Looks at Redis and at WeChat again and again. */
export interface Sampler {
  /** Oldest first; none while Redis was away. */
  readonly samples: readonly Sample[];
  /** Every value that was seen: canaries. */
  readonly values: ReadonlySet<string>;
  take(): Promise<Sample | undefined>;
  start(): void;
  stop(): Promise<void>;
}

const EVERY_MS = 200;

/** A sampler past the proxy. */
export function createSampler(arena: Arena): Sampler {
  const samples: Sample[] = [];
  const values = new Set<string>();
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();

  async function readAll(): Promise<Omit<CredentialSample, "accepted">[] | undefined> {
    const pipeline = arena.redis.redis.pipeline();
    for (const { account, kind } of arena.credentials) {
      const ref = { account: account.appId, kind };
      pipeline.pttl(recordKey(ref)).hmget(recordKey(ref), "value", "version").hget(controlKey(ref), "plan_at");
    }
    const replies = await pipeline.exec();
    if (!replies || replies.some(([error]) => error)) return undefined;
    return arena.credentials.map(({ id }, index) => {
      const [ttl, fields, planAt] = replies.slice(index * 3, index * 3 + 3).map(([, reply]) => reply);
      const [value, version] = fields as [string | null, string | null];
      if (value) values.add(value);
      return {
        credential: id,
        remainingMs: Math.max(0, Number(ttl)),
        ...(value && version && { fp: fingerprint(value), version: Number(version) }),
        ...(typeof planAt === "string" && { planAt: Number(planAt) }),
      };
    });
  }

  async function take(): Promise<Sample | undefined> {
    const at = Date.now();
    const read = await readAll().catch(() => undefined);
    if (!read) return undefined;
    const accepted = acceptedIn(await arena.wechat.state());
    const sample: Sample = {
      at,
      credentials: read.map((one) => ({ ...one, accepted: accepted.has(`${one.credential} ${one.fp}`) })),
    };
    samples.push(sample);
    return sample;
  }

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      const next = performance.now() + EVERY_MS;
      await take();
      await arena.wechat.poll().catch(() => []);
      await sleep(Math.max(1, next - performance.now()));
    }
  }

  return {
    samples,
    values,
    take,
    start() {
      running = loop();
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** `<credential> <fingerprint>` of every value that WeChat accepts. */
function acceptedIn({ accounts }: StateView): Set<string> {
  return new Set(
    accounts.flatMap(({ appId, lines }) => {
      const idsOf = (kind: string, line: keyof typeof lines): string[] =>
        lines[line].accepted.map(({ fp }) => `${appId}:${kind} ${fp}`);
      return [
        ...idsOf("access_token", "classic"),
        ...idsOf("access_token", "stable"),
        ...idsOf("jsapi_ticket", "jsapi"),
        ...idsOf("wx_card_ticket", "wx_card"),
      ];
    }),
  );
}

/** Whether every healthy credential had a value that WeChat accepts. */
export function allAccepted({ credentials }: Sample, healthy: ReadonlySet<string>): boolean {
  return credentials.every(({ credential, accepted }) => accepted || !healthy.has(credential));
}

/** The ids of the healthy credentials. */
export function healthyIds(credentials: readonly ChaosCredential[]): ReadonlySet<string> {
  return new Set(credentials.filter(({ account }) => account.healthy).map(({ id }) => id));
}
