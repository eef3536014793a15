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
  /**
   * The healthy credentials without the classic tokens that have lost a value. Waits for a Redis that can be asked and is about to
   * lose nothing: whatever is committed meanwhile would be lost as well.
   */
  find(): Promise<ChaosCredential[]>;
  /** It is to lose a value. */
  mark(credential: ChaosCredential): void;
  /**
   * Redis is about to lose what is committed from now on, or was shortly before. Waits until each classic token that has lost a
   * value has another one: that one must not be lost.
   * @returns to be called when it is over, with the time since when everything was lost, epoch ms
   */
  losing(): Promise<(since: number) => Promise<void>>;
}

/** Until an unknown outcome is settled: HTTP deadline, 9 s to the settle, and what delays it; ms. */
const SCAR_MS = 13_000;

/** So long a fault that loses writes waits for what was lost before it, ms. */
const PATIENCE_MS = 5_000;

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
  /** Those of the marks that a fault of WeChat's or of a worker's set. */
  const hits = new Map<string, number>();
  /** Those that are under way. */
  const losses = new Set<Promise<void>>();

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

  /** Waits until Redis can be asked. */
  async function classics(): Promise<{ readonly credential: ChaosCredential; readonly control: Partial<Control> }[]> {
    const found = await eventually(controls, { what: "a Redis that can be asked" });
    return credentials.flatMap((credential, index) => {
      const { account, kind } = credential;
      if (!account.healthy || account.token !== "classic" || kind !== "access_token") return [];
      return [{ credential, control: found[index] ?? {} }];
    });
  }

  async function requireReplaced(): Promise<void> {
    const open = (await classics()).filter(({ credential: { id }, control: { intent, committedAt = 0 } }) => {
      const hitAt = hits.get(id) ?? 0;
      return intent !== undefined || (hitAt > Date.now() - SCAR_MS && committedAt < hitAt);
    });
    if (open.length > 0) throw new Error(`${open.length} tokens have lost a value and have no other one`);
  }

  return {
    async find() {
      while (losses.size > 0) await Promise.race(losses);
      const now = Date.now();
      const scathed = (await classics()).filter(({ credential: { id }, control }) => {
        const { intent, settleDue, unknownAt = 0 } = control;
        const lostAt = Math.max(unknownAt, marks.get(id) ?? 0);
        return intent !== undefined || settleDue !== undefined || lostAt > now - SCAR_MS;
      });
      const ids = new Set(scathed.map(({ credential }) => credential.id));
      return credentials.filter(({ id, account }) => account.healthy && !ids.has(id));
    },
    mark({ id }) {
      marks.set(id, Date.now());
      hits.set(id, Date.now());
    },
    async losing() {
      const { promise, resolve } = Promise.withResolvers<void>();
      losses.add(promise);
      await eventually(requireReplaced, { what: "no token to be without", timeoutMs: PATIENCE_MS }).catch(() => {});
      return async (since) => {
        await markIssuedSince(since);
        losses.delete(promise);
        resolve();
      };
    },
  };
}
