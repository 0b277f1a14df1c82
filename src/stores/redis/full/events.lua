-- The transitions of an event. It enters and leaves a state; each verb is made of these. Rare facts
-- are in its record in "more": failures f, crashes c, limits of its own a(ttempts) b(ackoff) l(ease)
-- t(tl), from when its TTL counts T, cancelled x, whether it has e(rrors) and a lo(g), p(rogress),
-- r(esult), and the tick v at which it came back to a state; its priority n, if it is not 0, and its
-- G(roup): see more.lua.
-- KEYS    queues, of the queue: all
-- ARGV    (none)
-- Returns nothing by itself

-- When an event was pushed, in ms: see value.ts.
local function pushed_at(value)
  local a, b, c, d, e, f = string.byte(value, 2, 7)
  return f and ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f or 0
end

-- How many bytes stand in front of the contents, and where the block of headers begins.
local function head_of(value)
  local length, from
  if (string.byte(value) or 0) % 4 == 2 then
    length, from = string.match(value, '^(%d+):()', 8)
  end
  return from and from - 1 + tonumber(length) or 7, from
end

-- The value with other contents. It has another number: the event gets another version.
local function with_contents(value, contents)
  local form = string.char((string.byte(value) + 4) % 256)
  return form .. string.sub(value, 2, (head_of(value))) .. contents
end

-- When a waiting event expires, in ms, or nil. value: that of the event, if it is known.
local function expiry_of(queue, id, more, value)
  local ttl = more.t or duration_of(queue, 'ttl')
  if not ttl then
    return nil
  end
  value = value or not more.T and redis.call('HGET', queue.events, id)
  return (more.T or value and pushed_at(value) or now()) + ttl
end

local function will_expire(queue, id, more, value)
  local ms = expiry_of(queue, id, more, value)
  if ms then
    queue.has_expires = true
    redis.call('ZADD', queue.expires, ms, id)
    will_be_due(queue, ms)
  elseif queue.has_expires then
    redis.call('ZREM', queue.expires, id)
  end
end

-- Groups tell by themselves.
local function enter_ready(queue, id, more, score)
  enter_line(queue, id, more, score)
  will_expire(queue, id, more)
  if not more.G then
    tell_ready(queue, 1)
  end
  return 'ready'
end

local function enter_delayed(queue, id, more, due)
  redis.call('ZADD', queue.delayed, due, id)
  if more.G then
    make_groups()
    groups.count_delayed(queue, more, 1)
  end
  if more.f or more.c then
    redis.call('SADD', RETRYING .. queue.name, id)
  end
  will_expire(queue, id, more)
  will_be_due(queue, due)
  return 'delayed'
end

-- Ready, or delayed if it is due later.
local function enter_waiting(queue, id, more, due, score)
  if due and due > now() then
    return enter_delayed(queue, id, more, due)
  end
  return enter_ready(queue, id, more, score)
end

-- As enter_waiting, of an event that was in a state before.
local function return_waiting(queue, id, more, due, score)
  if due and due > now() or not score or more.G or more.n then
    more.v = take_ticks(1)
  end
  if more.u then
    make_unique()
    unique.regain(queue, id, more)
  end
  keep_more(queue, id, more)
  return enter_waiting(queue, id, more, due, score)
end

-- Its state, or nil, and its score there: a place in front of the list, a time or a tick.
local function state_of(queue, id)
  if redis.call('HEXISTS', queue.events, id) == 0 then
    local score = queue.has_completed and redis.call('ZSCORE', queue.completed, id)
    return score and 'completed' or nil, score
  end
  for _, state in ipairs({ 'claimed', 'delayed', 'failed' }) do
    local score = redis.call('ZSCORE', queue[state], id)
    if score then
      return state, score
    end
  end
  return 'ready', queue.has_front and redis.call('ZSCORE', queue.front, id)
end

-- Whether an event without a place in front of the list stands in the list.
local function is_in_list(queue, id)
  local more = (queue.has_groups or queue.has_ranked) and more_of(queue, id) or {}
  return not more.G and not more.n
end

-- Whether it was there.
local function leave_delayed(queue, id, more)
  redis.call('SREM', RETRYING .. queue.name, id)
  if redis.call('ZREM', queue.delayed, id) == 0 then
    return false
  end
  if more.G then
    groups.count_delayed(queue, more, -1)
  end
  return true
end

-- From ready or delayed.
local function leave_waiting(queue, id, state, more)
  if queue.has_expires then
    redis.call('ZREM', queue.expires, id)
  end
  if state == 'delayed' then
    leave_delayed(queue, id, more)
  else
    leave_line(queue, id, more)
  end
end

local function release_key(queue, id, more)
  if more.u then
    make_unique()
    unique.release(queue, id, more)
  end
end

-- Everything of an event but its place in a state.
local function erase(queue, id, more)
  local put_off = queue.put_off
  if put_off then
    put_off.erased[#put_off.erased + 1] = id
  else
    redis.call('HDEL', queue.events, id)
  end
  if next(more) ~= nil then
    release_key(queue, id, more)
    if not put_off then
      redis.call('HDEL', queue.more, id)
      redis.call('HDEL', queue.places, id)
    end
    if more.e then
      redis.call('HDEL', queue.errors, id)
    end
    if more.g then
      redis.call('HDEL', queue.log, id)
    end
  end
  shrank(queue)
end

local function drop_completed(queue, id)
  redis.call('ZREM', queue.completed, id)
  redis.call('HDEL', queue.done, id)
  erase(queue, id, more_of(queue, id))
end

-- Removes an event of any state but claimed.
local function drop(queue, id, state)
  local more = more_of(queue, id)
  if state == 'completed' then
    return drop_completed(queue, id)
  elseif state == 'failed' then
    redis.call('ZREM', queue.failed, id)
  else
    leave_waiting(queue, id, state, more)
  end
  erase(queue, id, more)
end

-- Up to so many failed or completed events, the oldest first: those from before the clock was set back,
-- which have ticks to come.
local function oldest_of(queue, state, count)
  local ids = redis.call('ZRANGEBYSCORE', queue[state], take_ticks(0), '+inf', 'LIMIT', 0, count)
  return #ids > 0 and ids or redis.call('ZRANGE', queue[state], 0, count - 1)
end

-- A script that drops more would hold up everybody. What is over the number goes with later ones.
local DROPPED_AT_ONCE = 100

-- Removes what is not to be kept of the failed or completed events. since_ms: since when the event
-- that was added last is in that state; nil for now.
local function trim(queue, state, default, since_ms)
  local count, ms = kept_of(queue, 'keep-' .. state, default)
  local surplus = count and redis.call('ZCARD', queue[state]) - count or 0
  if surplus > 0 then
    for _, id in ipairs(oldest_of(queue, state, math.min(surplus, DROPPED_AT_ONCE))) do
      drop(queue, id, state)
    end
  elseif ms then
    will_be_due(queue, (since_ms or now()) + ms)
  end
end

-- Whether that many more may wait.
local function has_room(queue, count)
  local most = limit_of(queue, 'max-length')
  if not most or count == 0 then
    return true
  elseif setting(queue, 'on-full') == 'drop-oldest' then
    return count <= most
  end
  return ready_count(queue) + redis.call('ZCARD', queue.delayed) + count <= most
end

-- How many must be dropped, so that so many more fit in.
local function surplus_of(queue, count)
  local most = limit_of(queue, 'max-length')
  if not most or setting(queue, 'on-full') ~= 'drop-oldest' then
    return 0
  end
  return math.max(0, ready_count(queue) + redis.call('ZCARD', queue.delayed) + count - most)
end

local drop_oldest
do
  -- Of the lowest priority the event that would be handed out first, those of groups behind those with
  -- a priority of 0: its id, its place in front of the list, its member in another key, and that key.
  local function first_to_drop(queue)
    local key = RANKED .. queue.name
    local member = queue.has_ranked and ranked.lowest(queue, true)
    if member then
      return ranked.id_in(member), nil, member, key
    end
    local id, place = first_of_middle(queue)
    if id or queue.is_behind then
      return id, place
    end
    member = queue.has_groups and groups.first(queue)
    if member then
      return groups.id_in(member), nil, member, GROUPED .. queue.name
    end
    member = queue.has_ranked and ranked.lowest(queue, false)
    return member and ranked.id_in(member), nil, member, key
  end

  -- Drops so many of those that are to be dropped first, but none of the ids in spared.
  local function drop_ready(queue, count, spared)
    local left, kept = count, {}
    local id, place, member, key = first_to_drop(queue)
    while id and left > 0 do
      if member then
        redis.call('ZREM', key, member)
      else
        leave_right(queue, id, place)
      end
      if spared[id] then
        kept[#kept + 1] = { id, place, member, key }
      else
        if queue.has_expires then
          redis.call('ZREM', queue.expires, id)
        end
        local more = more_of(queue, id)
        if queue.has_groups then
          groups.note_dropped(queue, more)
        end
        tally(queue, 'dropped')
        erase(queue, id, more)
        left = left - 1
      end
      id, place, member, key = first_to_drop(queue)
    end
    for at = #kept, 1, -1 do
      id, place, member, key = unpack(kept[at], 1, 4)
      if member then
        redis.call('ZADD', key, 0, member)
      elseif place then
        redis.call('ZADD', queue.front, place, id)
      else
        redis.call('RPUSH', queue.ready, id)
      end
    end
    -- There are others, which go with later ones.
    return queue.is_behind and 0 or left
  end

  -- As drop_ready, and the delayed ones last. spared_count: how many ids are spared.
  drop_oldest = function(queue, count, spared, spared_count)
    local left = drop_ready(queue, count, spared)
    local last = left + spared_count - 1
    for _, id in ipairs(left > 0 and redis.call('ZRANGE', queue.delayed, 0, last) or {}) do
      if left > 0 and not spared[id] then
        local more = more_of(queue, id)
        leave_waiting(queue, id, 'delayed', more)
        tally(queue, 'dropped')
        erase(queue, id, more)
        left = left - 1
      end
    end
  end
end

local function list_queue(queue)
  if not queue.is_listed then
    queue.is_listed = true
    redis.call('ZADD', queues_key, 0, queue.name)
  end
end

has_beside = function(queue)
  local name = queue.name
  return redis.call('EXISTS', COMPLETED .. name, CONFIG .. name, WINDOWS .. name,
    PAUSED_WORKERS .. name, UNIQUE .. name, COUNTERS .. name, CRONS .. name, OWN_GROUPS .. name,
    STREAM .. name) > 0
end

-- What is left when the last event has gone: a list with nothing but ghosts, a key of tick.lua.
at_end[#at_end + 1] = function()
  for _, queue in pairs(shrunk) do
    if queue.is_open and redis.call('EXISTS', queue.events) == 0 then
      if queue.has_ghosts then
        redis.call('UNLINK', queue.ready, queue.ghosts)
      end
      if redis.call('EXISTS', queue.completed) == 0 then
        redis.call('DEL', REVIEW .. queue.name)
      end
    end
  end
end

-- Settings that matter to events which have failed or have a TTL. Those are rare by themselves.
local LATE_SETTINGS = ' max-attempts max-crashes backoff crash-backoff failed-to keep-failed on-expire '

-- Whether the queue has a pause, a binding, or a setting that matters to every event.
local function has_early_settings(queue)
  for name in pairs(queue.config or by_name(redis.pcall('HGETALL', CONFIG .. queue.name))) do
    if not string.find(LATE_SETTINGS, ' ' .. name .. ' ', 1, true) then
      return true
    end
  end
  return false
end

-- Which queues the plain script must leave alone, and which of these the script "ordered" serves: see
-- rare.lua.
at_end[#at_end + 1] = function()
  for name, queue in pairs(queues_by_name) do
    if queue.is_open or queue.was_flushed then
      local needs_more = has_early_settings(queue) or redis.call('EXISTS', MORE .. name, GHOSTS .. name,
        COMPLETED .. name, WINDOWS .. name, PAUSED_WORKERS .. name, EXPIRES .. name,
        REVIEW .. name, UNIQUE .. name, COUNTERS .. name, CRONS .. name, OWN_GROUPS .. name,
        SET .. name) > 0
      local is_ordered = not needs_more
        and redis.call('EXISTS', PLACES .. name, GROUPS .. name, GROUPED .. name, RANKED .. name) > 0
      redis.call((needs_more or is_ordered) and 'SADD' or 'SREM', RARE, name)
      redis.call(is_ordered and 'SADD' or 'SREM', ORDERED, name)
    end
  end
end
