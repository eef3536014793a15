// Lua scripts about who reported a credential.
import { TIME } from "./script-parts.ts";

/**
 * Writes down one report of an app; the apps whose last one lies back furthest make room.
 * KEYS reporters
 * ARGV app, result, how many apps to keep, TTL s
 */
export const NOTE_REPORTER = `${TIME}
local reporters, app = KEYS[1], ARGV[1]
if redis.call('TYPE', reporters).ok ~= 'hash' then redis.call('DEL', reporters) end
local function numbersOf(json)
  local readable, entry = pcall(cjson.decode, json or '')
  if not readable or type(entry) ~= 'table' then return {} end
  local numbers = {}
  for _, name in ipairs({'since', 'at', 'times'}) do
    local number = entry[name]
    if type(number) == 'number' and number >= 0 and number < 1e13 then numbers[name] = math.floor(number) end
  end
  return numbers
end
local before = numbersOf(redis.call('HGET', reporters, app))
local entry = { since = before.since or now, at = now, times = (before.times or 0) + 1, result = ARGV[2] }
redis.call('HSET', reporters, app, cjson.encode(entry))
redis.call('EXPIRE', reporters, ARGV[4])
local spare = redis.call('HLEN', reporters) - tonumber(ARGV[3])
if spare <= 0 then return end
local others, fields = {}, redis.call('HGETALL', reporters)
for index = 1, #fields, 2 do
  if fields[index] ~= app then others[#others + 1] = { fields[index], numbersOf(fields[index + 1]).at or 0 } end
end
table.sort(others, function(one, other) return one[2] < other[2] end)
for index = 1, spare do redis.call('HDEL', reporters, others[index][1]) end
`;
