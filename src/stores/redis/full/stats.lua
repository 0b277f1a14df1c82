-- The figures of a queue.
-- KEYS    processes, of the queue: all
-- ARGV    queue WHOLE|BARE
-- Returns what add_status counts, now, retrying, when the oldest ready event was pushed or nil, how
--         many windows last, the names of paused workers or nil, those of bound queues or nil, why
--         nothing is handed out or nil, then a list of fields and numbers since the queue came into
--         being, and one of each slot of the last minute

local function pushed_at_of(queue, id)
  local value = id and redis.call('HGET', queue.events, id)
  return value and pushed_at(value) or math.huge
end

-- So many events with a priority, and so many of groups, are looked at.
local LOOKED_AT_FOR_AGE = 100

-- When the oldest event was pushed, or nearly: that of the list and its front is the next one out of one
-- of the two.
local function oldest_of(queue)
  local middle = first_of_middle(queue)
  local oldest = math.min(pushed_at_of(queue, middle), pushed_at_of(queue, last_listed(queue)))
  local members = {}
  if queue.has_ranked then
    members = redis.call('ZRANGE', RANKED .. queue.name, 0, LOOKED_AT_FOR_AGE - 1)
  end
  for _, member in ipairs(members) do
    oldest = math.min(oldest, pushed_at_of(queue, ranked.id_in(member)))
  end
  if queue.has_groups then
    groups.settle(queue)
    members = redis.call('ZRANGE', GROUPED .. queue.name, 0, LOOKED_AT_FOR_AGE - 1)
    for _, member in ipairs(members) do
      oldest = math.min(oldest, pushed_at_of(queue, groups.id_in(member)))
    end
  end
  return oldest
end

verbs.stats = function(from)
  local queue, reply = opened_at(ARGV[from]), {}
  local oldest = oldest_of(queue)
  if queue.is_behind then
    return again()
  end
  add_status(queue, reply)
  reply[#reply + 1] = now()
  reply[#reply + 1] = redis.call('SCARD', RETRYING .. queue.name)
  reply[#reply + 1] = oldest < math.huge and oldest
  reply[#reply + 1] = redis.call('ZCOUNT', WINDOWS .. queue.name, '(' .. now(), '+inf')
    + redis.call('ZCOUNT', UNIQUE_ENDS .. queue.name, '(' .. now(), '+inf')
  local workers_key = PAUSED_WORKERS .. queue.name
  reply[#reply + 1] = ARGV[from + 1] == 'WHOLE'
    and redis.call('ZRANGEBYSCORE', workers_key, '(' .. now(), '+inf')
  reply[#reply + 1] = queue.config.bindings and unpacked(queue.config.bindings) or false
  reply[#reply + 1] = reason_of_all(queue) or false
  reply[#reply + 1] = redis.call('HGETALL', STATS .. queue.name)
  local slot = math.floor(now() / SLOT_MS)
  for each = slot - SLOTS + 1, slot do
    reply[#reply + 1] = redis.call('HGETALL', slot_key(queue, each))
  end
  return reply
end
