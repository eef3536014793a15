// One credential on a real Redis, as the refresh engine sees it.
import { randomUUID } from "node:crypto";
import { beijingDate } from "@tokenkeeper/core";
import { controlKey, fingerprint, quotaKey, recordKey, systemClock } from "@tokenkeeper/shared/contract";
import type { Clock, CredentialRef } from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import type { CredentialState } from "../../packages/worker/src/decide/state.ts";
import type {
  Attempt,
  BeginInput,
  Begun,
  CommitInput,
  CredentialStore,
  FailInput,
  LookedAt,
  Offer,
} from "../../packages/worker/src/store/credential-store.ts";
import { createRedisCredentialStore } from "../../packages/worker/src/store/redis-credential-store.ts";

/** How long a lease lasts in these tests, ms. */
export const LEASE = 15_000;
/** When a settling refresh is due, ms from now. */
export const SETTLE = 60_000;
const ENDPOINT = "classic_token";

/** A credential of its own for one test, with shortcuts that fill in what the test does not care about. */
export interface Stage {
  readonly credential: CredentialRef;
  readonly store: CredentialStore;
  readonly keys: { readonly record: string; readonly control: string; quota(): Promise<string> };
  /** Redis time, epoch ms. */
  now(): Promise<number>;
  state(): Promise<CredentialState>;
  /** Begins as after a look at the state of this moment, unless a state is given. */
  begin(input?: Partial<BeginInput>): Promise<Begun>;
  /** Begins and requires that it began. */
  begun(input?: Partial<BeginInput>): Promise<Attempt & { readonly now: number; readonly used: number }>;
  /** Looks, and begins where it is plainly due. */
  beginIfDue(offer?: Partial<Offer>): Promise<LookedAt>;
  commit(attempt: Attempt, input?: Partial<CommitInput>): Promise<"committed" | "already" | "fenced">;
  fail(attempt: Attempt, input?: Partial<FailInput>): Promise<void>;
  control(): Promise<Record<string, string>>;
  record(): Promise<Record<string, string>>;
  setControl(fields: Record<string, string | number>): Promise<void>;
}

/** @param redis the connection under test; `look` is used for preparing and looking. @param clock the worker's */
export function createStage({
  redis,
  look = redis,
  clock = systemClock,
}: {
  redis: Redis;
  look?: Redis;
  clock?: Clock;
}): Stage {
  const account = `wx${randomUUID().replaceAll("-", "").slice(0, 16)}`;
  const credential: CredentialRef = { account, kind: "access_token" };
  const store = createRedisCredentialStore(redis, clock);
  const keys = {
    record: recordKey(credential),
    control: controlKey(credential),
    quota: async () => quotaKey(account, beijingDate(await now())),
  };

  async function now(): Promise<number> {
    const [seconds, micros] = await look.time();
    return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
  }

  async function state(): Promise<CredentialState> {
    const [only] = await store.readStates([{ credential, endpoint: ENDPOINT }]);
    if (!only) throw new Error("no state was read");
    return only;
  }

  async function begin(input: Partial<BeginInput> = {}): Promise<Begun> {
    return store.begin({
      credential,
      endpoint: ENDPOINT,
      attempt: randomUUID(),
      state: input.state ?? (await state()),
      leaseMs: LEASE,
      cap: 300,
      byHand: false,
      rememberedUse: 0,
      settleMs: SETTLE,
      ...input,
    });
  }

  return {
    credential,
    store,
    keys,
    now,
    state,
    begin,
    async begun(input = {}) {
      const attempt = input.attempt ?? randomUUID();
      const begun = await begin({ ...input, attempt });
      if (begun.type !== "begun") throw new Error(`the attempt did not begin: ${begun.type}`);
      const { generation, now: at, used } = begun;
      return { credential, attempt, generation, settleMs: SETTLE, now: at, used };
    },
    beginIfDue: (offer = {}) =>
      store.beginIfDue({
        credential,
        endpoint: ENDPOINT,
        attempt: randomUUID(),
        leaseMs: LEASE,
        cap: 300,
        rememberedUse: 0,
        ...offer,
      }),
    async commit({ attempt, generation, settleMs }, input = {}) {
      const at = input.sentAt ?? (await now());
      const value = input.value ?? `token-${generation}`;
      return store.commit({
        credential,
        attempt,
        generation,
        settleMs,
        value,
        fingerprint: fingerprint(value),
        sentAt: at,
        expiresAt: at + 7_200_000,
        planAt: at + 1_800_000,
        valueSince: at,
        reason: "due",
        durationMs: 12,
        suspect: false,
        ...input,
      });
    },
    fail: ({ attempt, generation, settleMs }, input = {}) =>
      store.fail({ credential, attempt, generation, settleMs, keepIntent: false, fields: {}, ...input }),
    control: () => look.hgetall(keys.control),
    record: () => look.hgetall(keys.record),
    async setControl(fields) {
      await look.hset(keys.control, fields);
    },
  };
}
