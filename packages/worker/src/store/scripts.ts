// The Lua scripts of the refresh protocol. Each takes the keys of one account only, reads the time from Redis alone, and is idempotent by
// attempt id: ioredis sends a command again when a connection broke before its reply came.
import { FACTS, HASH, TAKE, TIME } from "./script-parts.ts";

/** Reads everything that is decided from, changes nothing. KEYS, ARGV and reply: those of `FACTS`. */
export const READ = `${FACTS}return state(false)
`;

/**
 * Takes the lease, reserves a fetch of the day's budget and writes the intent, in one step.
 * KEYS control, quota
 * ARGV attempt, lease ms, committed generation seen, intent generation seen (0 = none), quota field, fetches a day
 *      allowed, fetches known from memory, quota TTL s, settle ms (0 = nothing to settle), job that forces it or empty
 * Replies: begun, generation, now, fetches today | busy, until | changed | budget
 */
export const BEGIN = `${TIME}${HASH}${TAKE}
local control, quota = KEYS[1], KEYS[2]
local attempt, lease_ms = ARGV[1], tonumber(ARGV[2])
local holder, lease_end, intent_at, intent_generation, committed_generation, last_generation =
  unpack(read(control, 'lease_attempt', 'lease_until', 'intent_at', 'intent_generation', 'committed_generation',
    'generation'))
if holder == attempt then
  return {'begun', intent_generation, intent_at, whole(read(quota, ARGV[5])[1]) or 0}
end
local lease_until = whole(lease_end) or 0
if lease_until > now and lease_until <= now + lease_ms then return {'busy', lease_until} end
local open = whole(intent_at) and whole(intent_generation)
local committed = whole(committed_generation) or 0
if committed ~= tonumber(ARGV[3]) or (open or 0) ~= tonumber(ARGV[4]) then return {'changed'} end
local set = {}
if ARGV[10] ~= '' then add(set, 'forced_at', text(now), 'forced_job', ARGV[10]) end
if open then add(set, 'unknown_at', text(now)) end
if open and tonumber(ARGV[9]) > 0 then add(set, 'settle_due', text(now + ARGV[9])) end
local generation, used = take(control, quota, {attempt = attempt, lease_ms = lease_ms, field = ARGV[5],
  used = read(quota, ARGV[5])[1], cap = ARGV[6], remembered = ARGV[7], quota_ttl = ARGV[8],
  generation = last_generation, set = set})
if not generation then return {'budget'} end
return {'begun', generation, text(now), used}
`;

/**
 * Reads like `READ`, and begins like `BEGIN` at once when there is nothing to weigh: the value is gone or its plan has come, and
 * nothing is written down that stands in the way or asks for more. `decide` says "refresh" of every such state.
 * KEYS record, control, quota, pause
 * ARGV quota field, quota field by hand, attempt, lease ms, fetches a day allowed, fetches known from memory, quota TTL s,
 *      when the day of that quota ends ms
 * Reply: that of `FACTS`; begun: generation, now, fetches today
 */
export const BEGIN_IF_DUE = `${FACTS}${HASH}${TAKE}
local field = {}
for at = 1, #control, 2 do field[control[at]] = control[at + 1] end
if field.lease_attempt == ARGV[3] then return state({field.intent_generation, field.intent_at, whole(used[1]) or 0}) end
local day_ends = tonumber(ARGV[8])
local plain = not odd and paused == 0 and now < day_ends and now >= day_ends - 86400000
for _, name in ipairs({'lease_until', 'intent_generation', 'settle_due', 'reported', 'retry_at', 'block_class', 'failed_jobs'}) do
  plain = plain and not field[name]
end
local plan_at = whole(field.plan_at)
if not plain or ttl ~= -2 and not (plan_at and plan_at <= now) then return state(false) end
local generation, count = take(KEYS[2], KEYS[3], {attempt = ARGV[3], lease_ms = ARGV[4], field = ARGV[1], used = used[1],
  cap = ARGV[5], remembered = ARGV[6], quota_ttl = ARGV[7], generation = field.generation, set = {}})
return state(generation and {generation, text(now), count})
`;

/**
 * Stores a value, unless a newer one was committed, and tells readers.
 * KEYS record, control
 * ARGV attempt, generation, sent at, settle ms, channel, hint, expires at, number of record fields and values, those,
 *      then control fields and values, the fingerprint first
 * Replies: committed | already | fenced
 */
export const COMMIT = `${TIME}${HASH}
local record, control = KEYS[1], KEYS[2]
local attempt, generation = ARGV[1], tonumber(ARGV[2])
local committed_attempt, committed_generation, holder, intent_generation, settle_due, last_generation, suspect =
  unpack(read(control, 'committed_attempt', 'committed_generation', 'lease_attempt', 'intent_generation', 'settle_due',
    'generation', 'suspect'))
if committed_attempt == attempt then return 'already' end
if generation < (whole(committed_generation) or 0) then
  local set = {'unknown_at', text(now)}
  if tonumber(ARGV[4]) > 0 then add(set, 'settle_due', text(now + ARGV[4])) end
  redis.call('HSET', control, unpack(set))
  if holder == attempt then redis.call('HDEL', control, 'lease_attempt', 'lease_until') end
  return 'fenced'
end
local split = 8 + tonumber(ARGV[8])
redis.call('DEL', record)
redis.call('HSET', record, unpack(ARGV, 9, split))
redis.call('PEXPIREAT', record, ARGV[7])
local over = {'retry_at', 'failures', 'failing_since', 'block_class', 'block_code', 'block_until', 'block_secret',
  'block_ip', 'block_rid', 'reported', 'reported_at', 'last_code'}
if (whole(intent_generation) or 0) <= generation then add(over, 'intent_generation', 'intent_at') end
if tonumber(ARGV[3]) >= (whole(settle_due) or 0) then add(over, 'settle_due') end
if holder == attempt then add(over, 'lease_attempt', 'lease_until') end
if suspect and suspect ~= ARGV[split + 2] then add(over, 'suspect') end
redis.call('HDEL', control, unpack(over))
if (whole(last_generation) or 0) < generation then redis.call('HSET', control, 'generation', ARGV[2]) end
redis.call('HSET', control, 'committed_attempt', attempt, 'committed_generation', ARGV[2], 'committed_at', text(now),
  'last_at', text(now), unpack(ARGV, split + 1))
redis.call('PUBLISH', ARGV[5], ARGV[6])
return 'committed'
`;

/**
 * Writes down that an attempt failed. Counts it once, and only while no newer attempt has begun.
 * KEYS control
 * ARGV attempt, generation, keep intent (1/0), settle ms, then control fields and values
 * Replies: failed | already | overtaken
 */
export const FAIL = `${TIME}${HASH}
local control = KEYS[1]
local attempt, generation = ARGV[1], tonumber(ARGV[2])
local last_attempt, holder, intent_generation, last_generation, failures, failing_since =
  unpack(read(control, 'last_attempt', 'lease_attempt', 'intent_generation', 'generation', 'failures',
    'failing_since'))
if last_attempt == attempt then return 'already' end
local over, set = {}, {}
if holder == attempt then add(over, 'lease_attempt', 'lease_until') end
if ARGV[3] == '0' and whole(intent_generation) == generation then add(over, 'intent_generation', 'intent_at') end
if ARGV[3] == '1' then add(set, 'unknown_at', text(now)) end
if tonumber(ARGV[4]) > 0 then add(set, 'settle_due', text(now + ARGV[4])) end
local overtaken = (whole(last_generation) or 0) > generation
if not overtaken then
  add(over, 'retry_at', 'block_class', 'block_code', 'block_until', 'block_secret', 'block_ip', 'block_rid')
  add(set, 'failures', text((whole(failures) or 0) + 1), 'failing_since', text(whole(failing_since) or now),
    'last_attempt', attempt, 'last_at', text(now), unpack(ARGV, 5))
end
if #over > 0 then redis.call('HDEL', control, unpack(over)) end
if #set > 0 then redis.call('HSET', control, unpack(set)) end
return overtaken and 'overtaken' or 'failed'
`;

/**
 * Writes down that WeChat was seen to refuse the stored value, at most once in a while and so often a day. The next attempt
 * waits no longer: apps are being refused, and WeChat has just answered.
 * KEYS control, quota
 * ARGV fingerprint, spacing ms, spacing of a suspect value ms, how many a day, quota TTL s, how long after an unknown
 *      outcome a death has no foreign cause ms (negative: never look for one)
 * Replies: confirmed | foreign (and confirmed) | stale | too_soon | budget
 */
export const REPORT = `${TIME}${HASH}
local control, quota = KEYS[1], KEYS[2]
local fp, suspect, seen, unknown_at = unpack(read(control, 'fingerprint', 'suspect', 'reported_seen', 'unknown_at'))
if fp ~= ARGV[1] then return 'stale' end
local spacing = tonumber(suspect == ARGV[1] and ARGV[3] or ARGV[2])
local last = whole(seen) or 0
if last <= now and last + spacing > now then return 'too_soon' end
local reports, foreign = unpack(read(quota, 'reported', 'foreign'))
local used = whole(reports) or 0
if used >= tonumber(ARGV[4]) then return 'budget' end
local quiet = tonumber(ARGV[6])
local is_foreign = quiet >= 0 and (whole(unknown_at) or 0) + quiet <= now
local set, counts = {'reported', ARGV[1], 'reported_at', text(now), 'reported_seen', text(now)}, {'reported', used + 1}
if is_foreign then
  add(set, 'foreign_at', text(now))
  add(counts, 'foreign', (whole(foreign) or 0) + 1)
end
redis.call('HSET', quota, unpack(counts))
redis.call('EXPIRE', quota, ARGV[5])
redis.call('HDEL', control, 'retry_at')
redis.call('HSET', control, unpack(set))
return is_foreign and 'foreign' or 'confirmed'
`;

/**
 * Puts a committed value back that Redis has lost since (a rollback, a flush, a failover), and nothing else: the record
 * must be absent or the one that the commit replaced, and nobody may be at a newer one. Fetches nothing.
 * KEYS record, control
 * ARGV attempt, generation, replaced generation, channel, hint, expires at, lease ms, number of record fields and
 *      values, those, then control fields and values
 * Replies: intact | overtaken | busy (somebody is at a newer one, and may not get it) | repaired
 */
export const REPAIR = `${TIME}${HASH}
local record, control = KEYS[1], KEYS[2]
local attempt, generation = ARGV[1], tonumber(ARGV[2])
local version = read(record, 'version')[1]
local committed_generation, intent_generation, holder, lease_end, last_generation =
  unpack(read(control, 'committed_generation', 'intent_generation', 'lease_attempt', 'lease_until', 'generation'))
local committed = whole(committed_generation) or 0
if version == ARGV[2] and committed == generation then return 'intact' end
if committed > generation or tonumber(ARGV[6]) <= now then return 'overtaken' end
if version and version ~= ARGV[2] and version ~= ARGV[3] then return 'overtaken' end
local lease_until = whole(lease_end) or 0
local held = lease_until > now and lease_until <= now + tonumber(ARGV[7])
if held and holder ~= attempt or (whole(intent_generation) or 0) > generation then return 'busy' end
local split = 8 + tonumber(ARGV[8])
redis.call('DEL', record)
redis.call('HSET', record, unpack(ARGV, 9, split))
redis.call('PEXPIREAT', record, ARGV[6])
redis.call('HDEL', control, 'intent_generation', 'intent_at', 'lease_attempt', 'lease_until')
local set = {'committed_attempt', attempt, 'committed_generation', ARGV[2], 'committed_at', text(now)}
if (whole(last_generation) or 0) < generation then add(set, 'generation', ARGV[2]) end
add(set, unpack(ARGV, split + 1))
redis.call('HSET', control, unpack(set))
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 'repaired'
`;

/**
 * Writes an unknown outcome down again that Redis has lost since: the settle is owed all the same.
 * KEYS control
 * ARGV when the request was sent whose end is not known, when the settle is due
 * Replies: settled | known | restored
 */
export const RESTORE_UNKNOWN = `${HASH}
local control = KEYS[1]
local issued_at, unknown_at, settle_due = unpack(read(control, 'issued_at', 'unknown_at', 'settle_due'))
local due = tonumber(ARGV[2])
if (whole(issued_at) or 0) >= due then return 'settled' end
if (whole(unknown_at) or 0) >= tonumber(ARGV[1]) then return 'known' end
redis.call('HSET', control, 'unknown_at', ARGV[1], 'settle_due', text(math.max(whole(settle_due) or 0, due)))
return 'restored'
`;

/**
 * Plans the next look at a credential for now and takes away what an earlier failure put in its way, unless another value was
 * committed meanwhile.
 * KEYS control
 * ARGV fingerprint of the value that was committed last, or empty
 * Replies: 1 | 0
 */
export const BRING_FORWARD = `${TIME}${HASH}
local control = KEYS[1]
if (read(control, 'fingerprint')[1] or '') ~= ARGV[1] then return 0 end
redis.call('HDEL', control, 'retry_at', 'block_class', 'block_code', 'block_until', 'block_secret', 'block_ip', 'block_rid')
redis.call('HSET', control, 'plan_at', text(now))
return 1
`;
