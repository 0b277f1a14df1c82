-- Adds what an okq process has counted to the figures of queues that are there, unless it has done so:
-- a hash holds the numbers of the latest calls.
-- KEYS    queues process, of the queue: all
-- ARGV    number settled (queue's name, JSON of numbers by field)...
-- Returns nil

-- For so long a process may fail to hear whether its counts were added.
local KEPT_MS = 3600 * 1000

-- Whether this call has not been made before.
local function is_first(number, settled)
  local key = process_key .. ':counted'
  if redis.call('HSETNX', key, number, 1) == 0 then
    return false
  end
  for _, each in ipairs(redis.call('HKEYS', key)) do
    if tonumber(each) < settled then
      redis.call('HDEL', key, each)
    end
  end
  redis.call('PEXPIRE', key, KEPT_MS)
  return true
end

verbs.count = function(from, to)
  -- A key of another type fails this, before anything is changed.
  redis.call('ZCARD', queues_key)
  if not is_first(ARGV[from], tonumber(ARGV[from + 1])) then
    return false
  end
  for at = from + 2, to, 2 do
    if redis.call('ZSCORE', queues_key, ARGV[at]) then
      -- Those of a queue with a key of the wrong type are lost: others must not be added again.
      local queue, counts = queue_named(ARGV[at]), cjson.decode(ARGV[at + 1])
      pcall(add_counts, queue, counts)
      pcall(add_to_history, queue, counts)
    end
  end
  return false
end
