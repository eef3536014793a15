// Lua scripts about jobs.
import { HASH } from "./script-parts.ts";

/**
 * Keeps the list of a credential's failed jobs: a job of it that starts again is a person's re-run.
 * KEYS control
 * ARGV add or remove, job id, how many to keep
 */
export const FAILED_JOBS = `${HASH}
local control = KEYS[1]
local kept = {}
for id in string.gmatch(read(control, 'failed_jobs')[1] or '', '[^,]+') do
  if id ~= ARGV[2] then kept[#kept + 1] = id end
end
if ARGV[1] == 'add' then kept[#kept + 1] = ARGV[2] end
while #kept > tonumber(ARGV[3]) do table.remove(kept, 1) end
if #kept == 0 then return redis.call('HDEL', control, 'failed_jobs') end
return redis.call('HSET', control, 'failed_jobs', table.concat(kept, ','))
`;

/**
 * Takes the name from a job that nobody will look at again; one without a hash also leaves the set of delayed jobs.
 * KEYS the job's hash, the set of delayed jobs, the deduplication key
 * ARGV job id
 * Replies: 1 (it was named) | 0
 */
export const FORGET_JOB = `
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('ZREM', KEYS[2], ARGV[1]) end
if redis.call('GET', KEYS[3]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[3])
`;
