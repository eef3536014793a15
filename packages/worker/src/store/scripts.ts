// Every Lua script. Each takes the keys of one account only, reads the time from Redis alone, and is idempotent by
// attempt id: ioredis sends a command again when a connection broke before its reply came.

const TIME = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/**
 * A key that something else wrote is no hash; what it holds is worth nothing. A field that holds no whole number counts
 * as absent, as `decodeControl` reads it: Lua itself takes `nan` and `inf` for numbers.
 */
const HASH = `
local function own(key)
  local kind = redis.call('TYPE', key).ok
  if kind ~= 'hash' and kind ~= 'none' then redis.call('DEL', key) end
end
local function whole(key, name)
  local text = redis.call('HGET', key, name)
  local number = text and string.match(text, '^%d+$') and tonumber(text)
  return number and number <= 9007199254740991 and number or nil
end
`;

/**
 * Reads everything that is decided from, changes nothing. A key of another type reads as none.
 * KEYS record, control, quota, pause
 * ARGV quota field, quota field by hand
 * Reply: a JSON array, since a text is read much faster than a list of fifty: Redis time ms, life left ms as PTTL gives it,
 *        version and schema of the record, fetches today, by hand, whether it is paused (1/0), then control fields and values
 */
export const READ = `${TIME}
local function is_hash(key) return redis.call('TYPE', key).ok == 'hash' end
local function fields(key, ...)
  if not is_hash(key) then return {false, false} end
  return redis.call('HMGET', key, ...)
end
local record, used = fields(KEYS[1], 'version', 'schema'), fields(KEYS[3], ARGV[1], ARGV[2])
local control = is_hash(KEYS[2]) and redis.call('HGETALL', KEYS[2]) or {}
local ttl = redis.call('PTTL', KEYS[1])
return cjson.encode({now, ttl, record[1], record[2], used[1], used[2], redis.call('EXISTS', KEYS[4]), unpack(control)})
`;

/**
 * Takes the lease, reserves a fetch of the day's budget and writes the intent, in one step.
 * KEYS control, quota
 * ARGV attempt, lease ms, committed generation seen, intent generation seen (0 = none), quota field, fetches a day
 *      allowed, fetches known from memory, quota TTL s, settle ms (0 = nothing to settle), job that forces it or empty
 * Replies: begun, generation, now, fetches today | busy, until | changed | budget
 */
export const BEGIN = `${TIME}${HASH}
local control, quota = KEYS[1], KEYS[2]
own(control)
local attempt, lease_ms = ARGV[1], tonumber(ARGV[2])
local field = function(name) return redis.call('HGET', control, name) end
if field('lease_attempt') == attempt then
  local used = whole(quota, ARGV[5]) or 0
  return {'begun', field('intent_generation'), field('intent_at'), used}
end
local lease_until = whole(control, 'lease_until') or 0
if lease_until > now and lease_until <= now + lease_ms then return {'busy', lease_until} end
local open = whole(control, 'intent_at') and whole(control, 'intent_generation')
local committed = whole(control, 'committed_generation') or 0
if committed ~= tonumber(ARGV[3]) or (open or 0) ~= tonumber(ARGV[4]) then return {'changed'} end
own(quota)
local used = math.max(whole(quota, ARGV[5]) or 0, tonumber(ARGV[7]))
if used >= tonumber(ARGV[6]) then return {'budget'} end
redis.call('HSET', quota, ARGV[5], used + 1)
redis.call('EXPIRE', quota, ARGV[8])
local generation = math.max((whole(control, 'generation') or 0) + 1, now)
redis.call('HSET', control, 'generation', string.format('%.0f', generation),
  'lease_attempt', attempt, 'lease_until', string.format('%.0f', now + lease_ms),
  'intent_generation', string.format('%.0f', generation), 'intent_at', string.format('%.0f', now))
if ARGV[10] ~= '' then redis.call('HSET', control, 'forced_at', string.format('%.0f', now), 'forced_job', ARGV[10]) end
if open then redis.call('HSET', control, 'unknown_at', string.format('%.0f', now)) end
if open and tonumber(ARGV[9]) > 0 then
  redis.call('HSET', control, 'settle_due', string.format('%.0f', now + ARGV[9]))
end
return {'begun', string.format('%.0f', generation), string.format('%.0f', now), used + 1}
`;

/**
 * Stores a value, unless a newer one was committed, and tells readers.
 * KEYS record, control
 * ARGV attempt, generation, sent at, settle ms, channel, hint, expires at, number of record fields and values, those,
 *      then control fields and values
 * Replies: committed | already | fenced
 */
export const COMMIT = `${TIME}${HASH}
local record, control = KEYS[1], KEYS[2]
own(control)
local attempt, generation = ARGV[1], tonumber(ARGV[2])
local field = function(name) return redis.call('HGET', control, name) end
local release = function()
  if field('lease_attempt') == attempt then redis.call('HDEL', control, 'lease_attempt', 'lease_until') end
end
if field('committed_attempt') == attempt then return 'already' end
if generation < (whole(control, 'committed_generation') or 0) then
  redis.call('HSET', control, 'unknown_at', string.format('%.0f', now))
  if tonumber(ARGV[4]) > 0 then redis.call('HSET', control, 'settle_due', string.format('%.0f', now + ARGV[4])) end
  release()
  return 'fenced'
end
local split = 8 + tonumber(ARGV[8])
redis.call('DEL', record)
redis.call('HSET', record, unpack(ARGV, 9, split))
redis.call('PEXPIREAT', record, ARGV[7])
if (whole(control, 'intent_generation') or 0) <= generation then
  redis.call('HDEL', control, 'intent_generation', 'intent_at')
end
if tonumber(ARGV[3]) >= (whole(control, 'settle_due') or 0) then redis.call('HDEL', control, 'settle_due') end
redis.call('HDEL', control, 'retry_at', 'failures', 'failing_since', 'block_class', 'block_code', 'block_until',
  'block_secret', 'block_ip', 'block_rid', 'reported', 'reported_at', 'last_code')
redis.call('HSET', control, 'committed_attempt', attempt, 'committed_generation', ARGV[2],
  'committed_at', string.format('%.0f', now), 'last_at', string.format('%.0f', now), unpack(ARGV, split + 1))
if (whole(control, 'generation') or 0) < generation then redis.call('HSET', control, 'generation', ARGV[2]) end
if field('suspect') ~= field('fingerprint') then redis.call('HDEL', control, 'suspect') end
release()
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
own(control)
local attempt, generation = ARGV[1], tonumber(ARGV[2])
local field = function(name) return redis.call('HGET', control, name) end
if field('last_attempt') == attempt then return 'already' end
if field('lease_attempt') == attempt then redis.call('HDEL', control, 'lease_attempt', 'lease_until') end
if ARGV[3] == '0' and whole(control, 'intent_generation') == generation then
  redis.call('HDEL', control, 'intent_generation', 'intent_at')
end
if ARGV[3] == '1' then redis.call('HSET', control, 'unknown_at', string.format('%.0f', now)) end
if tonumber(ARGV[4]) > 0 then redis.call('HSET', control, 'settle_due', string.format('%.0f', now + ARGV[4])) end
if (whole(control, 'generation') or 0) > generation then return 'overtaken' end
redis.call('HSET', control, 'failures', (whole(control, 'failures') or 0) + 1,
  'failing_since', string.format('%.0f', whole(control, 'failing_since') or now))
redis.call('HDEL', control, 'retry_at', 'block_class', 'block_code', 'block_until', 'block_secret', 'block_ip',
  'block_rid')
redis.call('HSET', control, 'last_attempt', attempt, 'last_at', string.format('%.0f', now), unpack(ARGV, 5))
return 'failed'
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
own(control)
local field = function(name) return redis.call('HGET', control, name) end
if field('fingerprint') ~= ARGV[1] then return 'stale' end
local spacing = tonumber(field('suspect') == ARGV[1] and ARGV[3] or ARGV[2])
local last = whole(control, 'reported_seen') or 0
if last <= now and last + spacing > now then return 'too_soon' end
own(quota)
local used = whole(quota, 'reported') or 0
if used >= tonumber(ARGV[4]) then return 'budget' end
redis.call('HSET', quota, 'reported', used + 1)
redis.call('EXPIRE', quota, ARGV[5])
local text = string.format('%.0f', now)
redis.call('HSET', control, 'reported', ARGV[1], 'reported_at', text, 'reported_seen', text)
redis.call('HDEL', control, 'retry_at')
local quiet = tonumber(ARGV[6])
if quiet < 0 or (whole(control, 'unknown_at') or 0) + quiet > now then return 'confirmed' end
redis.call('HSET', control, 'foreign_at', text)
redis.call('HSET', quota, 'foreign', (whole(quota, 'foreign') or 0) + 1)
return 'foreign'
`;

/**
 * Puts a committed value back that Redis has lost since (a rollback, a flush, a failover), and nothing else: the record
 * must be absent or the one that the commit replaced, and nobody may be at a newer one. Fetches nothing.
 * KEYS record, control
 * ARGV attempt, generation, replaced generation, channel, hint, expires at, lease ms, number of record fields and
 *      values, those, then control fields and values
 * Replies: intact | overtaken | repaired
 */
export const REPAIR = `${TIME}${HASH}
local record, control = KEYS[1], KEYS[2]
own(record)
own(control)
local attempt, generation = ARGV[1], tonumber(ARGV[2])
local field = function(name) return redis.call('HGET', control, name) end
local version, committed = redis.call('HGET', record, 'version'), whole(control, 'committed_generation') or 0
if version == ARGV[2] and committed == generation then return 'intact' end
if committed > generation or (whole(control, 'intent_generation') or 0) > generation then return 'overtaken' end
if version and version ~= ARGV[2] and version ~= ARGV[3] then return 'overtaken' end
local lease_until = whole(control, 'lease_until') or 0
local held = lease_until > now and lease_until <= now + tonumber(ARGV[7])
if held and field('lease_attempt') ~= attempt then return 'overtaken' end
if tonumber(ARGV[6]) <= now then return 'overtaken' end
local split = 8 + tonumber(ARGV[8])
redis.call('DEL', record)
redis.call('HSET', record, unpack(ARGV, 9, split))
redis.call('PEXPIREAT', record, ARGV[6])
redis.call('HDEL', control, 'intent_generation', 'intent_at', 'lease_attempt', 'lease_until')
redis.call('HSET', control, 'committed_attempt', attempt, 'committed_generation', ARGV[2],
  'committed_at', string.format('%.0f', now), unpack(ARGV, split + 1))
if (whole(control, 'generation') or 0) < generation then redis.call('HSET', control, 'generation', ARGV[2]) end
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 'repaired'
`;

/**
 * Whether a commit is still what Redis holds; changes nothing.
 * KEYS record, control
 * ARGV generation
 * Replies: 1 | 0
 */
export const INTACT = `
local function is(key, name)
  return redis.call('TYPE', key).ok == 'hash' and redis.call('HGET', key, name) == ARGV[1]
end
return is(KEYS[1], 'version') and is(KEYS[2], 'committed_generation') and 1 or 0
`;

/**
 * Keeps the list of a credential's failed jobs: a job of it that starts again is a person's re-run.
 * KEYS control
 * ARGV add or remove, job id, how many to keep
 */
export const FAILED_JOBS = `${HASH}
local control = KEYS[1]
own(control)
local kept = {}
for id in string.gmatch(redis.call('HGET', control, 'failed_jobs') or '', '[^,]+') do
  if id ~= ARGV[2] then kept[#kept + 1] = id end
end
if ARGV[1] == 'add' then kept[#kept + 1] = ARGV[2] end
while #kept > tonumber(ARGV[3]) do table.remove(kept, 1) end
if #kept == 0 then return redis.call('HDEL', control, 'failed_jobs') end
return redis.call('HSET', control, 'failed_jobs', table.concat(kept, ','))
`;

/**
 * Counts a reset of the account's quota before it is made, once for a job.
 * KEYS quota of the month
 * ARGV job id, how many a month, TTL s
 * Replies: how many there are with it | again | spent
 */
export const RESERVE_RESET = `${HASH}
local quota = KEYS[1]
own(quota)
if redis.call('HGET', quota, 'clear_quota_job') == ARGV[1] then return 'again' end
local used = whole(quota, 'clear_quota:hand') or 0
if used >= tonumber(ARGV[2]) then return 'spent' end
redis.call('HSET', quota, 'clear_quota:hand', used + 1, 'clear_quota_job', ARGV[1])
redis.call('EXPIRE', quota, ARGV[3])
return used + 1
`;

/**
 * Takes away the block of a used-up quota (45009), and no other.
 * KEYS control
 */
export const UNBLOCK_QUOTA = `${HASH}
local control = KEYS[1]
own(control)
if redis.call('HGET', control, 'block_code') ~= '45009' then return 0 end
return redis.call('HDEL', control, 'retry_at', 'block_class', 'block_code', 'block_until', 'block_secret', 'block_ip',
  'block_rid')
`;
