// What several Lua scripts begin with.

/** `now`: epoch ms by Redis time. */
export const TIME = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/**
 * Reads fields of a hash. A key that something else wrote is no hash; what it holds is worth nothing, and it is dropped. A
 * field that holds no whole number counts as absent, as `decodeControl` reads it: Lua itself takes `nan` and `inf` for numbers.
 * One command reads all that a script decides from, one sets and one deletes: commands are what scripts cost.
 */
export const HASH = `
local function read(key, ...)
  local values = redis.pcall('HMGET', key, ...)
  if not values.err then return values end
  redis.call('DEL', key)
  return {}
end
local function whole(text)
  local number = text and string.match(text, '^%d+$') and tonumber(text)
  return number and number <= 9007199254740991 and number or nil
end
local function text(number) return string.format('%.0f', number) end
local function add(list, ...)
  for _, item in ipairs({...}) do list[#list + 1] = item end
end
`;

/**
 * Reads all that is decided from, changes nothing. A key of another type reads as none; `odd` says that there is one.
 * KEYS record, control, quota, pause
 * ARGV quota field, quota field by hand
 * `state(begun)` is the reply: a JSON array, since a text is read much faster than a list of fifty: Redis time ms, life left ms
 *        as PTTL gives it, version and schema of the record, fetches today, by hand, whether it is paused (1/0), what has
 *        begun with the look, then control fields and values
 */
export const FACTS = `${TIME}
local odd = false
local function or_none(values, none)
  if values.err then odd = true end
  return values.err and none or values
end
local record = or_none(redis.pcall('HMGET', KEYS[1], 'version', 'schema'), {false, false})
local used = or_none(redis.pcall('HMGET', KEYS[3], ARGV[1], ARGV[2]), {false, false})
local control = or_none(redis.pcall('HGETALL', KEYS[2]), {})
local ttl, paused = redis.call('PTTL', KEYS[1]), redis.call('EXISTS', KEYS[4])
local function state(begun)
  return cjson.encode({now, ttl, record[1], record[2], used[1], used[2], paused, begun, unpack(control)})
end
`;

/**
 * Takes the lease, reserves a fetch of the day's budget and writes the intent; nothing of it when the budget is used up. Of `o`:
 * `used` and `remembered` fetches today, `generation` the last one, `set` control fields that change as well.
 */
export const TAKE = `
local function take(control, quota, o)
  local used = math.max(whole(o.used) or 0, tonumber(o.remembered))
  if used >= tonumber(o.cap) then return nil end
  redis.call('HSET', quota, o.field, used + 1)
  redis.call('EXPIRE', quota, o.quota_ttl)
  local generation = text(math.max((whole(o.generation) or 0) + 1, now))
  add(o.set, 'generation', generation, 'lease_attempt', o.attempt, 'lease_until', text(now + o.lease_ms),
    'intent_generation', generation, 'intent_at', text(now))
  redis.call('HSET', control, unpack(o.set))
  return generation, used + 1
end
`;
