-- Looks at queues again after settings have changed: for those of all queues slice by slice, because
-- there may be many. The hash "sweep" holds behind which name the next slice begins (again), and what
-- is to be done in each queue (cursor, surplus: see tick.lua; groups: see own-groups.lua; ready).
-- KEYS    queues timers sweep, of the queues: all
-- ARGV    (none)
-- Returns nothing by itself

local SWEEP = LAYOUT .. 'sweep'
local LOOKED_AT_ONCE = 8

-- What is to be done after these settings have changed.
local REVIEWED = {
  ttl = 'cursor', ['max-length'] = 'surplus', ['on-full'] = 'surplus',
  ['keep-completed'] = 'surplus', ['keep-failed'] = 'surplus',
  ['group-limit'] = 'groups', ['group-rate'] = 'groups',
}

-- Reads the settings and what depends on them.
local function read_again(queue)
  if queue.groups then
    groups.settle(queue)
  end
  queue.config, queue.is_open, queue.groups, queue.rate, queue.group_limit = nil, false, nil, nil, nil
  open(queue)
end

-- Finds what is due or ready under other settings. reviewed: true for each review that they need.
local function look_again(queue, reviewed, may_hand_out)
  read_again(queue)
  if redis.call('EXISTS', queue.events, queue.completed) > 0 then
    will_be_due(queue, now())
    for what in pairs(reviewed) do
      redis.call('HSET', REVIEW .. queue.name, what, '0')
    end
    if reviewed.groups then
      review_groups(queue)
    end
  end
  if may_hand_out then
    tell_ready(queue, free_count(queue))
  end
end

-- Whether there are more of them.
local function look_at_slice()
  local after, cursor, surplus, of_groups, ready =
    unpack(redis.call('HMGET', SWEEP, 'again', 'cursor', 'surplus', 'groups', 'ready'))
  if not after then
    return false
  end
  local reviewed = {
    cursor = cursor and true or nil, surplus = surplus and true or nil,
    groups = of_groups and true or nil,
  }
  local names = redis.call('ZRANGEBYLEX', queues_key, after, '+', 'LIMIT', 0, LOOKED_AT_ONCE)
  for _, name in ipairs(names) do
    -- One with a key of the wrong type must not keep the others waiting.
    pcall(look_again, queue_named(name), reviewed, ready)
  end
  if #names < LOOKED_AT_ONCE then
    redis.call('HDEL', SWEEP, 'again', 'cursor', 'surplus', 'groups', 'ready')
    return false
  end
  redis.call('HSET', SWEEP, 'again', '(' .. names[#names])
  return true
end

-- Begins with all queues, and does the first slice.
local function look_at_all(reviewed, may_hand_out)
  redis.call('HSET', SWEEP, 'again', '-')
  for what in pairs(reviewed) do
    redis.call('HSET', SWEEP, what, 1)
  end
  if may_hand_out then
    redis.call('HSET', SWEEP, 'ready', 1)
  end
  is_sweeping, timers_changed = look_at_slice(), true
end
