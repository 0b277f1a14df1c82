-- Moves claimed events whose deadline has passed to the right end, in order of deadline.
-- KEYS    deadlines, of the queue: ready claimed
-- ARGV    limit
-- Returns how many were moved, or an error that names a queue where it failed, if there is one

-- The deadlines of queues are lower bounds: a queue that looks due may turn out not to be.
local function reclaim_from(queue, limit)
  local ids = redis.call('ZRANGEBYSCORE', queue.claimed, '-inf', now, 'LIMIT', 0, limit)
  if #ids > 0 then
    redis.call('RPUSH', queue.ready, unpack(ids))
    redis.call('ZREM', queue.claimed, unpack(ids))
    became_ready(queue, #ids)
  end
  local first = redis.call('ZRANGE', queue.claimed, 0, 0, 'WITHSCORES')
  if first[2] then
    redis.call('ZADD', deadlines_key, first[2], queue.name)
  else
    redis.call('ZREM', deadlines_key, queue.name)
  end
  return #ids
end

local RETRY_MS = 1000

verbs.reclaim = function(from)
  local limit, moved = tonumber(ARGV[from]), 0
  local failure
  while moved < limit do
    local due = redis.call('ZRANGEBYSCORE', deadlines_key, '-inf', now, 'LIMIT', 0, 1)
    if #due == 0 then
      break
    end
    local ok, count = pcall(reclaim_from, queue_named(due[1]), limit - moved)
    if ok then
      moved = moved + count
    else
      -- One with a key of the wrong type must not keep the others waiting.
      redis.call('ZADD', deadlines_key, now + RETRY_MS, due[1])
      local reason = type(count) == 'table' and count.err or tostring(count)
      failure = failure or { err = 'ERR queue ' .. due[1] .. ': ' .. reason }
    end
  end
  if failure then
    error(failure)
  end
  return moved
end
