-- Lets large contents into the hashes of their queues without passing them through Lua, which would
-- hash every byte. A transaction calls this script twice, with HSET of the contents in between. The
-- first call (STAGE) looks whether all ids are new and gives the hashes the name that HSET writes
-- to. If this script is not loaded, or an id is not new, HSET writes beside the events instead.
-- KEYS    queues timers processes absent process, then events staged of each queue
-- ARGV    now tick STAGE, then of each queue how many ids, the ids
-- Returns nothing by itself

if ARGV[3] == 'STAGE' then
  local at = 4
  for key = FIXED_KEYS + 1, #KEYS, 2 do
    local last = at + tonumber(ARGV[at])
    for id = at + 1, last do
      if redis.call('HEXISTS', KEYS[key], ARGV[id]) == 1 then
        return false
      end
    end
    at = last + 1
  end
  for key = FIXED_KEYS + 1, #KEYS, 2 do
    redis.call('DEL', KEYS[key + 1])
    -- Fails if the queue has no events. HSET makes the hash then.
    redis.pcall('RENAME', KEYS[key], KEYS[key + 1])
  end
  return true
end
