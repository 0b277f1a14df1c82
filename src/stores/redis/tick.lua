-- Requeues events whose lease has expired, in order of deadline: in front of the list, in the order
-- of their claims. Also forgets queues that had only consumers of an okq process that died.
-- KEYS    queues timers processes sweep, of the queue: claimed front claims
-- ARGV    limit
-- Returns how many were moved, or an error that names a queue where it failed, if there is one

-- Moves up to limit events whose lease has ended; returns how many.
local function return_due(queue, limit)
  local before = '(' .. string.format('%.0f', (now() + 1) * TICKS_PER_MS)
  local due = { 'ZRANGEBYSCORE', queue.claimed, '-inf', before, 'WITHSCORES', 'LIMIT', 0, limit }
  due = redis.call(unpack(due))
  if #due == 0 then
    return 0
  end
  local ids, scored = {}, {}
  for at = 1, #due, 2 do
    ids[#ids + 1] = due[at]
  end
  local leases = redis.call('HMGET', queue.claims, unpack(ids))
  for at, id in ipairs(ids) do
    scored[#scored + 1] = due[2 * at] - (leases[at] or USUAL_LEASE_MS) * TICKS_PER_MS
    scored[#scored + 1] = id
  end
  will_have_extras(queue)
  redis.call('ZADD', queue.front, unpack(scored))
  redis.call('ZREM', queue.claimed, unpack(ids))
  redis.call('HDEL', queue.claims, unpack(ids))
  became_ready(queue, #ids)
  return #ids
end

-- The deadline of a queue is a lower bound: perhaps no lease in it has expired yet.
local function reclaim_from(queue, limit)
  local moved = return_due(queue, limit)
  local first = redis.call('ZRANGE', queue.claimed, 0, 0, 'WITHSCORES')
  if first[2] then
    redis.call('ZADD', timers_key, math.floor(first[2] / TICKS_PER_MS), queue.name)
  else
    redis.call('ZREM', timers_key, queue.name)
  end
  return moved
end

local RETRY_MS = 1000
local SWEEP_SLICE = 128

local function sweep()
  -- The counts of a dead process are gone, and with them on which queues it had consumers. So all
  -- names are looked at, slice by slice; the key says behind which one the next slice begins.
  local sweep_key = LAYOUT .. 'sweep'
  for _, process in ipairs(redis.call('SMEMBERS', processes_key)) do
    if redis.call('EXISTS', process) == 0 then
      redis.call('SREM', processes_key, process)
      redis.call('HSET', sweep_key, 'after', '-')
    end
  end
  processes = nil
  local after = redis.call('HGET', sweep_key, 'after')
  if not after then
    return false
  end
  local names = redis.call('ZRANGEBYLEX', queues_key, after, '+', 'LIMIT', 0, SWEEP_SLICE)
  for _, name in ipairs(names) do
    shrank(queue_named(name))
  end
  if #names < SWEEP_SLICE then
    redis.call('DEL', sweep_key)
    return false
  end
  redis.call('HSET', sweep_key, 'after', '(' .. names[#names])
  return true
end

verbs.tick = function(from)
  local limit, moved = tonumber(ARGV[from]), 0
  local failure
  timers_changed = true
  local swept, has_more = pcall(sweep)
  is_sweeping = swept and has_more
  while moved < limit do
    local due = redis.call('ZRANGEBYSCORE', timers_key, '-inf', now(), 'LIMIT', 0, 1)
    if #due == 0 then
      break
    end
    local ok, count = pcall(reclaim_from, queue_named(due[1]), limit - moved)
    if ok then
      moved = moved + count
    else
      -- One with a key of the wrong type must not keep the others waiting.
      redis.call('ZADD', timers_key, now() + RETRY_MS, due[1])
      local reason = type(count) == 'table' and count.err or tostring(count)
      failure = failure or { err = 'ERR queue ' .. due[1] .. ': ' .. reason }
    end
  end
  if failure then
    error(failure)
  end
  return moved
end
