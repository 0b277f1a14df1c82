-- Counters: see src/queue/counters.ts. A record in the hash "counters" has the count, how many are left,
-- since when it is there and until when (0: for ever), the name of its set of members, whether it
-- pushes an event, and whether it came back after it was at 0. The set has the members that it has
-- counted, or of one that came back, those that it still can count. "counter-keys" has the keys in
-- their order, "counter-ends" those that end by that time, and "counter-events" what they push: LEFT
-- or RIGHT, options as options_in reads them, and the value.
-- w in the record of an event is the counter of which it is a member: its queue, its key, the member.
-- KEYS    of the queue: counters counter-keys counter-ends counter-events members
-- ARGV    (none)
-- Returns nothing by itself

local function record_in(packed)
  local list = packed and unpacked(packed) or {}
  if type(list[7]) ~= 'number' then
    return nil
  end
  return {
    count = list[1], left = list[2], since = list[3], ends = list[4], set = list[5],
    has_event = list[6] == 1, is_back = list[7] == 1,
  }
end

local function members_key(queue, counter)
  return MEMBERS .. counter.set .. ':' .. queue.name
end

-- The counter of that key, or nil.
counters.of = function(queue, key)
  local counter = record_in(redis.call('HGET', COUNTERS .. queue.name, key))
  return counter and (counter.ends == 0 or counter.ends > now()) and counter or nil
end

local function keep(queue, key, counter)
  redis.call('HSET', COUNTERS .. queue.name, key, cmsgpack.pack({
    counter.count, counter.left, counter.since, counter.ends, counter.set,
    counter.has_event and 1 or 0, counter.is_back and 1 or 0,
  }))
end

-- There is none of that key. event: what it pushes, packed, or false.
counters.add = function(queue, key, counter, event)
  local name = queue.name
  counter.has_event = event and true
  list_queue(queue)
  keep(queue, key, counter)
  redis.call('ZADD', COUNTER_KEYS .. name, 0, key)
  if event then
    redis.call('HSET', COUNTER_EVENTS .. name, key, event)
  end
  if counter.ends > 0 then
    redis.call('ZADD', COUNTER_ENDS .. name, counter.ends, key)
    will_be_due(queue, counter.ends)
  end
end

-- Also one whose time is over. Returns whether it was there.
counters.drop = function(queue, key)
  local name = queue.name
  local counter = record_in(redis.call('HGET', COUNTERS .. name, key))
  if counter then
    redis.call('UNLINK', members_key(queue, counter))
  end
  redis.call('ZREM', COUNTER_KEYS .. name, key)
  redis.call('ZREM', COUNTER_ENDS .. name, key)
  redis.call('HDEL', COUNTER_EVENTS .. name, key)
  shrank(queue)
  return redis.call('HDEL', COUNTERS .. name, key) == 1
end

local function is_new(queue, counter, member)
  local is_in_set = redis.call('SISMEMBER', members_key(queue, counter), member) == 1
  return is_in_set == counter.is_back
end

-- What a member counts down: the queue, the key and the counter; nothing if there is none.
local function counted_by(part)
  local queue = open(queue_named(part[1]))
  return queue, part[2], counters.of(queue, part[2])
end

-- What operations that follow each other will make of counters, before they are done. expected has
-- these by the name of the queue and the key: { left, has_event, news, counter (nil: one of these
-- operations makes it) }, or false: it will be gone.
local function expected_of(expected, queue, key)
  local own = expected[queue.name] or {}
  expected[queue.name] = own
  if own[key] == nil then
    local counter = counters.of(queue, key)
    own[key] = counter
      and { left = counter.left, has_event = counter.has_event, news = {}, counter = counter }
  end
  return own[key]
end

-- One that is there stays, or begins anew without having counted.
counters.expect = function(expected, queue, key, count, has_event)
  if not expected_of(expected, queue, key) then
    expected[queue.name][key] = { left = count, has_event = has_event, news = {} }
  end
end

counters.expect_none = function(expected, queue, key)
  expected_of(expected, queue, key)
  expected[queue.name][key] = false
end

-- The queue into which its counter pushes when that member is counted; nil if it does not.
counters.expect_count = function(expected, part)
  local queue, key, member = open(queue_named(part[1])), part[2], part[3]
  local own = expected_of(expected, queue, key)
  if not own or own.news[member] or own.counter and not is_new(queue, own.counter, member) then
    return nil
  end
  own.news[member], own.left = true, own.left - 1
  if own.left > 0 then
    return nil
  end
  expected[queue.name][key] = false
  local is_pushed = own.has_event and not is_in_tree(queue, key) and not is_windowed(queue, key)
  return is_pushed and queue or nil
end

-- Which queue does not take what counters push when these members are counted, as a refusal: -1 or -2
-- and its name; or nil. parts: as w of the records of events. left: see full_one. target: a queue that
-- takes one more before.
counters.refusal = function(parts, left, target)
  local expected, pushes, before = {}, {}, {}
  if target then
    before[target] = 1
  end
  for _, part in ipairs(parts) do
    local queue = counters.expect_count(expected, part)
    if queue then
      pushes[queue] = (pushes[queue] or 0) + 1
    end
  end
  for queue, count in pairs(pushes) do
    local paused = paused_one(queue)
    local full = not paused and full_one(queue, 1, count + (before[queue] or 0), left)
    if paused or full then
      return { paused and -2 or -1, (paused or full).name }
    end
  end
end

-- Pushes the event of a counter. Returns when, or false if its id is taken.
local function push_event(queue, key, packed)
  local event = unpacked(packed)
  if is_in_tree(queue, key) or is_windowed(queue, key) then
    return false
  end
  local value = event[3]
  value = string.sub(value, 1, 1) .. time_bytes(now()) .. string.sub(value, 8)
  verb_named('push')
  -- It was judged.
  local was_judged = queue.is_judged
  queue.is_judged = true
  local reply = pushing.one(queue, event[1] == 'LEFT', key, value, pushing.options_in(event[2]))
  queue.is_judged = was_judged
  -- The event may be the next one out.
  for _, each in ipairs(keepers_of(queue)) do
    write_put_off(each)
  end
  if reply ~= 1 then
    return false
  end
  tally(queue, 'pushed')
  local is_there = redis.call('HEXISTS', queue.events, key) == 1
  if report and is_there then
    report('pushed', queue, key)
  end
  return is_there and now()
end

-- Counts a member that is not refused. Returns how many are left, nil without a counter; and what undoes
-- it, or nil.
counters.count = function(part)
  local queue, key, counter = counted_by(part)
  if not counter or not is_new(queue, counter, part[3]) then
    return counter and counter.left
  end
  counter.left = counter.left - 1
  if counter.left > 0 then
    redis.call(counter.is_back and 'SREM' or 'SADD', members_key(queue, counter), part[3])
    keep(queue, key, counter)
    return counter.left, { counter.set, false, false, false }
  end
  local packed = redis.call('HGET', COUNTERS .. queue.name, key)
  local event = counter.has_event and redis.call('HGET', COUNTER_EVENTS .. queue.name, key)
  counters.drop(queue, key)
  return 0, { counter.set, event and push_event(queue, key, event), packed, event }
end

-- The counter counts that member again, unless it would anyway.
local function uncount_one(queue, key, counter, member)
  if is_new(queue, counter, member) then
    return
  end
  local set = members_key(queue, counter)
  redis.call(counter.is_back and 'SADD' or 'SREM', set, member)
  counter.left = counter.left + 1
  if counter.is_back and counter.left == counter.count then
    -- It has counted none: it is as it was in the beginning.
    redis.call('UNLINK', set)
    counter.is_back = false
  end
  keep(queue, key, counter)
end

-- Undoes that, with what count returned. Members that were counted in one step come in reverse order:
-- the last one brings its counter back, and those before it find it by the name of its set.
counters.uncount = function(part, undo)
  local queue, key, there = counted_by(part)
  if there then
    if there.set == undo[1] then
      uncount_one(queue, key, there, part[3])
    end
    return
  end
  local counter, pushed = undo[3] and record_in(undo[3]), undo[2]
  if not counter or counter.ends > 0 and counter.ends <= now() then
    return
  end
  if pushed then
    local state = state_of(queue, key)
    local is_waiting = state == 'ready' or state == 'delayed'
    if not is_waiting or pushed_at(redis.call('HGET', queue.events, key)) ~= pushed then
      return
    end
    drop(queue, key, state)
  end
  -- Another one of that key may be there, but its time is over.
  counters.drop(queue, key)
  counter.left, counter.is_back = 0, true
  counters.add(queue, key, counter, undo[4])
  uncount_one(queue, key, counter, part[3])
end

-- Drops counters whose time is over, at most so many; returns how many.
counters.end_times = function(queue, limit)
  local key = COUNTER_ENDS .. queue.name
  local over = redis.call('ZRANGEBYSCORE', key, '-inf', now(), 'LIMIT', 0, limit)
  for _, each in ipairs(over) do
    counters.drop(queue, each)
  end
  return #over
end
