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
