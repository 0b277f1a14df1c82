-- Ends the leases whose deadline has passed, in order of deadline: their events are in line again,
-- in front of the list, in the order in which the leases began.
-- KEYS    deadlines, of the queue: claimed front leases
-- ARGV    limit
-- Returns how many were moved

-- Moves up to limit events of which the lease has ended; returns how many.
local function return_due(queue, limit)
  local before = '(' .. string.format('%.0f', now + 1)
  local due = { 'ZRANGEBYSCORE', queue.claimed, '-inf', before, 'WITHSCORES', 'LIMIT', 0, limit }
  due = redis.call(unpack(due))
  if #due == 0 then
    return 0
  end
  local ids, scored = {}, {}
  for at = 1, #due, 2 do
    ids[#ids + 1] = due[at]
  end
  local leases = redis.call('HMGET', queue.leases, unpack(ids))
  for at, id in ipairs(ids) do
    scored[#scored + 1] = due[2 * at] - (leases[at] or USUAL_LEASE_MS)
    scored[#scored + 1] = id
  end
  redis.call('ZADD', queue.front, unpack(scored))
  redis.call('ZREM', queue.claimed, unpack(ids))
  redis.call('HDEL', queue.leases, unpack(ids))
  became_ready(queue, #ids)
  return #ids
end

-- The deadlines of queues are lower bounds: a queue that looks due may turn out not to be.
local function reclaim_from(queue, limit)
  local moved = return_due(queue, limit)
  local first = redis.call('ZRANGE', queue.claimed, 0, 0, 'WITHSCORES')
  if first[2] then
    redis.call('ZADD', deadlines_key, math.floor(first[2]), queue.name)
  else
    redis.call('ZREM', deadlines_key, queue.name)
  end
  return moved
end

local RETRY_MS = 1000

verbs.reclaim = function(from)
  local limit, moved = tonumber(ARGV[from]), 0
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
    end
  end
  return moved
end
