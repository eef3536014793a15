// Lua scripts about resets of WeChat's quota.
import { HASH } from "./script-parts.ts";

/**
 * Counts a reset of the account's quota before it is made, once for a job.
 * KEYS quota of the month
 * ARGV job id, how many a month, TTL s
 * Replies: how many there are with it | again | spent
 */
export const RESERVE_RESET = `${HASH}
local quota = KEYS[1]
local job, resets = unpack(read(quota, 'clear_quota_job', 'clear_quota:hand'))
if job == ARGV[1] then return 'again' end
local used = whole(resets) or 0
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
if read(control, 'block_code')[1] ~= '45009' then return 0 end
return redis.call('HDEL', control, 'retry_at', 'block_class', 'block_code', 'block_until', 'block_secret', 'block_ip',
  'block_rid')
`;
