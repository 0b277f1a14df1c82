-- Looks at queues again after settings have changed: for those of all queues slice by slice, because
-- there may be many. The hash "sweep" holds behind which name the next slice begins (again), and what
-- is looked for (ttl, ready).
-- KEYS    queues timers sweep, of the queues: all
-- ARGV    (none)
-- Returns nothing by itself

local SWEEP = LAYOUT .. 'sweep'
local LOOKED_AT_ONCE = 8

-- What may be due or ready by other settings.
local function look_again(queue, is_ttl_changed, may_hand_out)
  queue.config, queue.is_open = nil, false
  open(queue)
  if redis.call('EXISTS', queue.events, queue.completed) > 0 then
    will_be_due(queue, now())
    if is_ttl_changed then
      redis.call('HSET', FILLING .. queue.name, 'cursor', '0')
    end
  end
  if may_hand_out then
    tell_ready(queue, ready_count(queue))
  end
end

-- Whether there are more of them.
local function look_at_slice()
  local found = redis.call('HMGET', SWEEP, 'again', 'ttl', 'ready')
  if not found[1] then
    return false
  end
  local names = redis.call('ZRANGEBYLEX', queues_key, found[1], '+', 'LIMIT', 0, LOOKED_AT_ONCE)
  for _, name in ipairs(names) do
    -- One with a key of the wrong type must not keep the others waiting.
    pcall(look_again, queue_named(name), found[2], found[3])
  end
  if #names < LOOKED_AT_ONCE then
    redis.call('HDEL', SWEEP, 'again', 'ttl', 'ready')
    return false
  end
  redis.call('HSET', SWEEP, 'again', '(' .. names[#names])
  return true
end

-- Begins with all queues, and does the first slice.
local function look_at_all(is_ttl_changed, may_hand_out)
  redis.call('HSET', SWEEP, 'again', '-')
  if is_ttl_changed then
    redis.call('HSET', SWEEP, 'ttl', 1)
  end
  if may_hand_out then
    redis.call('HSET', SWEEP, 'ready', 1)
  end
  is_sweeping, timers_changed = look_at_slice(), true
end
