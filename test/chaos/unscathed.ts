// Which classic tokens have lost no value lately. WeChat keeps the token before the newest: when two are lost in a row, the
// stored one is dead at once, and nothing but luck gets another one in time. One loss at a time is the premise of the promise.
// Stable tokens and tickets are returned again: nothing is lost with a reply.
import { CONTROL_FIELDS, decodeControl, type Control } from "@tokenkeeper/core";
import { controlKey } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import { eventually } from "../support/eventually.ts";
import { credentialOf } from "./judge/fetches.ts";
import type { ChaosCredential } from "./population.ts";
import type { WechatProcess } from "./wechat-process.ts";

/** Keeps the faults that lose values apart from each other. */
export interface Unscathed {
  /** The healthy credentials without the classic tokens that have lost a value; waits for a Redis that can be asked. */
  find(): Promise<ChaosCredential[]>;
  /** It is to lose a value. */
  mark(credential: ChaosCredential): void;
  /** Redis is about to lose what is committed from now on, or was shortly before. @returns to be called when it is over */
  losing(since: number): () => Promise<void>;
}

/** Until an unknown outcome is settled: HTTP deadline, 9 s to the settle, and what delays it; ms. */
const SCAR_MS = 13_000;

/** What it looks at. */
export interface UnscathedDeps {
  readonly credentials: readonly ChaosCredential[];
  /** Past the proxy. */
  readonly redis: Redis;
  readonly wechat: WechatProcess;
}

/** Knows of losses what the faults tell, and what the control state says. */
export function createUnscathed({ credentials, redis, wechat }: UnscathedDeps): Unscathed {
  const marks = new Map<string, number>();
  /** Since when the losses that are under way reach back, epoch ms. */
  const losses = new Set<{ readonly since: number }>();

  async function controls(): Promise<readonly Control[]> {
    const pipeline = redis.pipeline();
    for (const { account, kind } of credentials) {
      pipeline.hmget(controlKey({ account: account.appId, kind }), ...CONTROL_FIELDS);
    }
    const replies = (await pipeline.exec()) ?? [];
    return replies.map(([error, fields]) => {
      if (error) throw error;
      return decodeControl(fields as (string | null)[]);
    });
  }

  async function markIssuedSince(since: number): Promise<void> {
    await wechat.poll();
    for (const event of wechat.events) {
      if (event.at >= since && event.verdict === "issued") marks.set(credentialOf(event) ?? "", Date.now());
    }
  }

  return {
    async find() {
      const found = await eventually(controls, { what: "a Redis that can be asked" });
      for (const { since } of losses) await markIssuedSince(since);
      const now = Date.now();
      return credentials.filter(({ id, account, kind }, index) => {
        if (!account.healthy) return false;
        if (account.token !== "classic" || kind !== "access_token") return true;
        const { intent, settleDue, unknownAt = 0 } = found[index] ?? {};
        const lostAt = Math.max(unknownAt, marks.get(id) ?? 0);
        return intent === undefined && settleDue === undefined && lostAt <= now - SCAR_MS;
      });
    },
    mark: ({ id }) => void marks.set(id, Date.now()),
    losing(since) {
      const loss = { since };
      losses.add(loss);
      return async () => {
        losses.delete(loss);
        await markIssuedSince(since);
      };
    },
  };
}
