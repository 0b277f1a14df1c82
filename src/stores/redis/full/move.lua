-- Moves events to another queue of the shard. They keep their state.
-- KEYS    queues, of the queues: all
-- ARGV    queue target (id, version)... (version empty: any)
-- Returns of each 1, or 0 if it stays; shorter if the target takes no more, and behind many bytes

-- Takes it out of its state and its queue; returns its value.
local function take_out(queue, id, state, more)
  local value = redis.call('HGET', state == 'completed' and queue.done or queue.events, id)
  if state == 'ready' or state == 'delayed' then
    leave_waiting(queue, id, state, more)
  else
    redis.call('ZREM', queue[state], id)
    redis.call('HDEL', queue.done, id)
  end
  return value
end

-- What an event keeps of its record in another queue.
local function kept_of_moved(more)
  return {
    a = more.a, b = more.b, l = more.l, e = more.e, g = more.g, p = more.p, r = more.r,
    n = more.n, G = more.G, w = more.w,
  }
end

-- Adds it in that state, as pushed now.
local function put_in(target, id, state, score, value, more)
  list_queue(target)
  value = string.sub(value, 1, 1) .. time_bytes(now()) .. string.sub(value, 8)
  redis.call('HSET', state == 'completed' and target.done or target.events, id, value)
  keep_more(target, id, more)
  will_join(target, more.G)
  if state == 'ready' then
    enter_ready(target, id, more, nil)
  elseif state == 'delayed' then
    enter_delayed(target, id, more, tonumber(score))
  else
    target.has_completed = target.has_completed or state == 'completed'
    -- It has been so since then.
    local since = score or take_ticks(1)
    redis.call('ZADD', target[state], since, id)
    trim(target, state, state == 'failed' and '' or '0', math.floor(since / TICKS_PER_MS))
  end
end

-- Puts it in where it is to be: a waiting event in all queues that keep what enters this one.
-- record: makes the record of one of them. notes: its errors and its log. facts: of reports.
local function put_in_all(target, id, state, score, value, record, notes, facts)
  local function put(each, is_copy)
    if redis.call('ZSCORE', each.completed, id) then
      drop_completed(each, id)
    end
    for part, packed in pairs(notes) do
      redis.call('HSET', each[part], id, packed)
    end
    local more = record()
    more.w = not is_copy and more.w or nil
    put_in(each, id, state, score, value, more)
  end
  if state == 'ready' or state == 'delayed' then
    make_room(target, 1)
    each_keeper(target, id, facts, put)
  else
    put(target)
  end
end

-- Whether the queue takes an event in that state.
local function takes(target, state)
  if state == 'ready' or state == 'delayed' then
    return not paused_one(target) and not full_one(target, 1, 1)
  end
  return not is_paused(target, 'pause:in')
end

-- Returns how many bytes were moved.
local function move(queue, target, id, state, score)
  local more = more_of(queue, id)
  local notes = {
    errors = more.e and redis.call('HGET', queue.errors, id),
    log = more.g and redis.call('HGET', queue.log, id),
  }
  local value = take_out(queue, id, state, more)
  erase(queue, id, more)
  put_in_all(target, id, state, score, value, function()
    return kept_of_moved(more)
  end, notes, { from = queue.name })
  return #value
end

-- More of them would hold up Redis.
local MOVED_BYTES_MAX = 1024 * 1024

verbs.move = function(from, to)
  require_memory()
  local queue, target, replies, bytes = opened_at(ARGV[from]), opened_at(ARGV[from + 1]), {}, 0
  for at = from + 2, to, 2 do
    local id = ARGV[at]
    local state, score = state_of(queue, id)
    local may_go = state and state ~= 'claimed' and queue ~= target
      and not is_in_tree(target, id)
      and is_version(queue, id, state, score, ARGV[at + 1])
    if may_go and not takes(target, state) then
      return replies
    elseif may_go then
      bytes = bytes + move(queue, target, id, state, score)
    end
    replies[#replies + 1] = may_go and 1 or 0
    if bytes >= MOVED_BYTES_MAX then
      break
    end
  end
  return replies
end
