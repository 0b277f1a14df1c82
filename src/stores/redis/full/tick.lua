-- Does what is due: leases that ended, delayed events, TTLs, pauses, completed and failed events that
-- were kept long enough. Also forgets queues that had only consumers of an okq process that died.
-- KEYS    queues timers processes sweep, of the queues: all
-- ARGV    limit
-- Returns how many were moved, or an error that names a queue where it failed, if there is one

local function end_pauses(queue)
  for name, till in pairs(queue.config) do
    local what = string.match(name, '^pause:(.*)$')
    if what and till ~= 'forever' and tonumber(till) <= now() then
      end_pause(queue, what)
    end
  end
end

-- Ids of a sorted set with scores up to that, at most limit.
local function due_of(key, most, limit)
  if limit <= 0 then
    return {}
  end
  return redis.call('ZRANGEBYSCORE', key, '-inf', most, 'LIMIT', 0, limit)
end

-- Scores in ticks below this are of a time that has come.
local function ticks_until(ms)
  return '(' .. string.format('%.0f', (ms + 1) * TICKS_PER_MS)
end

local function end_leases(queue, limit)
  local due = due_of(queue.claimed, ticks_until(now()), limit)
  for _, id in ipairs(due) do
    if redis.call('HEXISTS', queue.events, id) == 1 then
      crash_claim(queue, id, claim_of(queue, id, ''))
    else
      leave_claimed(queue, id)
      shrank(queue)
    end
  end
  return #due
end

local function expire_waiting(queue, limit)
  local moved = 0
  for _, id in ipairs(due_of(queue.expires, now(), limit)) do
    local more, state = more_of(queue, id), state_of(queue, id)
    local ms = expiry_of(queue, id, more)
    local is_waiting = state == 'ready' or state == 'delayed'
    if is_waiting and ms and ms <= now() then
      leave_waiting(queue, id, state)
      expire(queue, id, more)
      moved = moved + 1
    elseif is_waiting and ms then
      redis.call('ZADD', queue.expires, ms, id)
    else
      redis.call('ZREM', queue.expires, id)
    end
  end
  return moved
end

-- Events that were pushed before their queue had a TTL: the oldest stand at the right end of the list.
local function expire_listed(queue, limit)
  local moved, ms = 0, nil
  while duration_of(queue, 'ttl') and moved < limit do
    local id = last_listed(queue)
    local more = id and more_of(queue, id)
    ms = id and expiry_of(queue, id, more)
    if not ms or ms > now() then
      break
    end
    redis.call('RPOP', queue.ready)
    redis.call('ZREM', queue.expires, id)
    expire(queue, id, more)
    moved = moved + 1
  end
  return moved, ms
end

local function enter_due(queue, limit)
  local due = due_of(queue.delayed, now(), limit)
  for _, id in ipairs(due) do
    leave_waiting(queue, id, 'delayed')
    local more = more_of(queue, id)
    enter_ready(queue, id, more, nil)
  end
  return #due
end

local function drop_kept(queue, state, default, limit)
  local _, ms = kept_of(queue, 'keep-' .. state, default)
  local due = ms and due_of(queue[state], ticks_until(now() - ms), limit) or {}
  for _, id in ipairs(due) do
    drop(queue, id, state)
  end
  return #due
end

-- The least score, or nil.
local function least(key)
  return tonumber(redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2])
end

local function set_timer(queue, listed)
  local next_ms = listed or math.huge
  for _, key in ipairs({ queue.delayed, queue.expires }) do
    next_ms = math.min(next_ms, least(key) or math.huge)
  end
  next_ms = math.min(next_ms, math.floor((least(queue.claimed) or math.huge) / TICKS_PER_MS))
  for state, default in pairs({ failed = '', completed = '0' }) do
    local _, ms = kept_of(queue, 'keep-' .. state, default)
    local first = ms and least(queue[state])
    next_ms = math.min(next_ms, first and math.floor(first / TICKS_PER_MS) + ms or math.huge)
  end
  for name, till in pairs(queue.config) do
    local is_pause = string.find(name, '^pause:') and till ~= 'forever'
    next_ms = math.min(next_ms, is_pause and tonumber(till) or math.huge)
  end
  if next_ms < math.huge then
    redis.call('ZADD', timers_key, next_ms, queue.name)
  else
    redis.call('ZREM', timers_key, queue.name)
  end
end

local function tick_queue(queue, limit)
  open(queue)
  end_pauses(queue)
  local moved = end_leases(queue, limit)
  moved = moved + expire_waiting(queue, limit - moved)
  local expired, listed = expire_listed(queue, limit - moved)
  moved = moved + expired
  moved = moved + enter_due(queue, limit - moved)
  moved = moved + drop_kept(queue, 'failed', '', limit - moved)
  moved = moved + drop_kept(queue, 'completed', '0', limit - moved)
  set_timer(queue, listed)
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
    local ok, count = pcall(tick_queue, queue_named(due[1]), limit - moved)
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
