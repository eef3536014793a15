import {
  controlKey,
  decodeRecord,
  RECORD_FIELDS,
  recordKey,
  type CredentialRecord,
  type CredentialRef,
} from "@tokenkeeper/shared/contract";
import type { Redis } from "ioredis";
import { createScriptRunner, guard, repliesOf, StorageError } from "./run-script.ts";

/** One credential to write under the keys of one SDK. */
export interface MirrorWrite {
  readonly credential: CredentialRef;
  readonly record: CredentialRecord;
  /** A key without a value must not be there. */
  readonly keys: readonly { readonly key: string; readonly value?: string }[];
}

/**
 * What was found, and is put right by now. `intact`: nothing had to be done; `rewritten`: the value stood there with another form or
 * end; `absent`: there was none; `another`: another value stood there. `overtaken`: another value was committed or this one has
 * ended; nothing was written.
 */
export type MirrorReply = (typeof REPLIES)[number];

const REPLIES = ["intact", "rewritten", "absent", "another", "overtaken"] as const;

/** What mirrors do with Redis. */
export interface MirrorStore {
  /** What is stored of each credential, if anything. Rejects with `StorageError` when Redis fails. */
  read(credentials: readonly CredentialRef[]): Promise<(CredentialRecord | undefined)[]>;
  /** Writes each that is not there as it should be. One that cannot be written gives its `StorageError` and keeps no other from it. */
  write(writes: readonly MirrorWrite[]): Promise<(MirrorReply | StorageError)[]>;
}

/**
 * Writes a value under an SDK's keys, unless another one was committed meanwhile: never an older one over a newer one. What stands
 * there as it should is left alone; a key that is no string is somebody else's, and nothing is written then.
 * KEYS control, then the SDK's
 * ARGV generation of the value, when it ends (epoch ms), the value itself, then what stands under each key (empty: it must not be there)
 * Replies: intact | rewritten | absent | another | overtaken | other_type
 */
const MIRROR = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local control, generation, ends_at, value = KEYS[1], ARGV[1], tonumber(ARGV[2]), ARGV[3]
local is_current = redis.call('TYPE', control).ok == 'hash' and redis.call('HGET', control, 'committed_generation') == generation
if not is_current or ends_at <= now then return 'overtaken' end
for at = 2, #KEYS do
  local kind = redis.call('TYPE', KEYS[at]).ok
  if kind ~= 'none' and kind ~= 'string' then return 'other_type' end
end
local order = {intact = 0, rewritten = 1, absent = 2, another = 3}
local found = 'intact'
local function saw(word) if order[word] > order[found] then found = word end end
for at = 2, #KEYS do
  local key, wanted = KEYS[at], ARGV[at + 2]
  local stored = redis.call('GET', key)
  if wanted == '' then
    if redis.call('DEL', key) == 1 then saw('rewritten') end
  elseif stored ~= wanted or math.abs(redis.call('PTTL', key) - (ends_at - now)) > 1000 then
    redis.call('SET', key, wanted, 'PXAT', ARGV[2])
    local holds_value = string.find(wanted, value, 1, true)
    if not stored then saw('absent')
    elseif holds_value and not string.find(stored, value, 1, true) then saw('another')
    else saw('rewritten') end
  end
end
return found
`;

/** The store on a real Redis. */
export function createMirrorStore(redis: Redis): MirrorStore {
  const scripts = createScriptRunner(redis);

  return {
    async read(credentials) {
      const replies = await guard(() => {
        const pipeline = redis.pipeline();
        for (const credential of credentials) pipeline.hmget(recordKey(credential), ...RECORD_FIELDS);
        return repliesOf(pipeline);
      });
      return replies.map((fields) => (Array.isArray(fields) ? decodeRecord(fields) : undefined));
    },

    async write(writes) {
      const calls = writes.map(({ credential, record, keys }) => ({
        keys: [controlKey(credential), ...keys.map(({ key }) => key)],
        args: [record.version, record.expiresAt, record.value, ...keys.map(({ value }) => value ?? "")],
      }));
      const replies = await scripts.tryEach(MIRROR, calls);
      return replies.map((reply) => {
        if (reply instanceof StorageError) return reply;
        return REPLIES.find((word) => word === reply) ?? new StorageError("WRONGTYPE");
      });
    },
  };
}
