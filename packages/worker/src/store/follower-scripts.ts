// Lua scripts about who follows this instance.
import { TIME } from "./script-parts.ts";

/**
 * Adds to an entry what one worker was asked; what other workers were asked of late stays in it.
 * KEYS followers
 * ARGV name of the key, how long an account counts that is not asked about again ms, TTL s, then ids of accounts
 */
export const SEE_FOLLOWER = `${TIME}
local followers, name, window = KEYS[1], ARGV[1], tonumber(ARGV[2])
if redis.call('TYPE', followers).ok ~= 'hash' then redis.call('DEL', followers) end
local accounts = {}
local readable, entry = pcall(cjson.decode, redis.call('HGET', followers, name) or '')
if readable and type(entry) == 'table' and type(entry.accounts) == 'table' then
  for id, at in pairs(entry.accounts) do
    if type(id) == 'string' and type(at) == 'number' and at <= now and at + window > now then accounts[id] = at end
  end
end
for index = 4, #ARGV do accounts[ARGV[index]] = now end
redis.call('HSET', followers, name, cjson.encode({ lastSeen = now, accounts = accounts }))
redis.call('EXPIRE', followers, ARGV[3])
`;
