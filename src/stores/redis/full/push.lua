-- Pushes events one after the other; which ones are refused depends on those before.
-- KEYS    queues, of the queue: all
-- ARGV    queue LEFT|RIGHT (ID|NEW, id, value, options)... (options: JSON, or empty for none)
-- Returns of each event 1, or the id that was made or found, or 0 for a duplicate of its id, or a list of
--         the id of which it is a duplicate, or -1 for a full queue, or -2 for a paused one

local PUSHED, TAKEN, FULL_QUEUE, PAUSED_QUEUE = 1, 0, -1, -2

-- If there are too many, the one that would end first ends early; not the new one.
local function take_window(queue, id)
  local ms = duration_of(queue, 'dedupe-window')
  if not ms then
    return
  end
  local key = WINDOWS .. queue.name
  local is_new = redis.call('ZADD', key, 'GT', now() + ms, id) == 1
  if is_new and redis.call('ZCARD', key) > WINDOWS_MAX then
    local first = redis.call('ZRANGE', key, 0, 1)
    redis.call('ZREM', key, first[1] ~= id and first[1] or first[2])
  end
  queue.has_windows = true
  local due = forgotten_at(now() + ms)
  if queue.windows_due ~= due then
    queue.windows_due = due
    will_be_due(queue, due)
  end
end

-- The bytes of a text in JSON, in which each of them is a character.
local function bytes_of(text)
  return (string.gsub(text, '([\194\195])([\128-\191])', function(first, second)
    return string.char(string.byte(second) + (string.byte(first) - 194) * 64)
  end))
end

local function take_key(queue, id, more, options)
  if more.u then
    make_unique()
    unique.take(queue, id, more, options.key_ms)
  end
end

-- Gives a waiting event other contents and options.
local function replace(queue, is_left, id, state, score, value, options)
  local old, due = more_of(queue, id), time_of(options.start or '')
  local more = { f = old.f, c = old.c, e = old.e, g = old.g, p = old.p, v = take_ticks(1), T = now() }
  more.a, more.b, more.l, more.t = options.attempts, options.backoff, options.lease, options.ttl
  more.u = options.key
  release_key(queue, id, old)
  take_key(queue, id, more, options)
  redis.call('HSET', queue.events, id, value)
  keep_more(queue, id, more)
  local place = not is_left and -take_ticks(1) or nil
  if state == 'delayed' then
    leave_waiting(queue, id, state)
    enter_waiting(queue, id, more, due or tonumber(score), place)
  elseif due and due > now() then
    leave_waiting(queue, id, state)
    enter_delayed(queue, id, more, due)
  else
    if place then
      leave_waiting(queue, id, state)
      enter_line(queue, id, place)
    end
    will_expire(queue, id, more)
  end
end

-- Whether an event of that id is there, or its window lasts.
local function is_taken(queue, id)
  return redis.call('HEXISTS', queue.events, id) == 1 or is_windowed(queue, id)
end

-- of_batch: its ids so far. Of equal ones the second is a duplicate.
local function push_taken(queue, is_left, id, value, options, of_batch)
  if of_batch and of_batch[id] then
    return TAKEN
  elseif options.dup == 'keep' then
    return PUSHED
  elseif options.dup == 'replace' then
    local state, score = state_of(queue, id)
    if state == 'ready' or state == 'delayed' then
      replace(queue, is_left, id, state, score, value, options)
      take_window(queue, id)
      return PUSHED
    end
  end
  return TAKEN
end

-- There is room for it.
local function push_new(queue, is_left, id, value, options)
  if queue.has_completed and redis.call('ZSCORE', queue.completed, id) then
    drop_completed(queue, id)
  end
  redis.call('HSET', queue.events, id, value)
  list_queue(queue)
  local more = {
    a = options.attempts, b = options.backoff, l = options.lease,
    t = options.ttl, T = options.ttl and now(), u = options.key,
  }
  take_key(queue, id, more, options)
  if next(more) ~= nil then
    keep_more(queue, id, more)
  end
  local due = options.start and time_of(options.start)
  enter_waiting(queue, id, more, due, not is_left and -take_ticks(1) or nil)
end

-- What becomes of a push whose key is taken; nil if it is free, or the event of its id has it.
local function push_of_taken(queue, is_left, id, value, options)
  make_unique()
  local owner = unique.owner(queue, string.sub(options.key, 2))
  if not owner then
    return nil
  elseif id and is_taken(queue, id) then
    return owner ~= id and TAKEN or nil
  elseif options.dup == 'keep' then
    return owner
  end
  local state, score = state_of(queue, owner)
  local key = more_of(queue, owner).u
  local has_key = key and string.sub(key, 2) == string.sub(options.key, 2)
  if options.dup ~= 'replace' or not has_key or state ~= 'ready' and state ~= 'delayed' then
    return { owner }
  end
  replace(queue, is_left, owner, state, score, value, options)
  return owner
end

-- The reply to a push with "keep" does not tell whether it added the event.
local function report_kept(queue, id, options)
  if report and options.dup == 'keep' then
    report('pushed', queue, id)
  end
end

local function push_one(queue, is_left, id, value, options)
  if not queue.is_judged and is_paused(queue, 'in') then
    return PAUSED_QUEUE
  end
  local reply = options.key and push_of_taken(queue, is_left, id, value, options)
  if reply then
    return reply
  elseif id and is_taken(queue, id) then
    return push_taken(queue, is_left, id, value, options)
  elseif not queue.is_judged and not has_room(queue, 1) then
    return FULL_QUEUE
  end
  make_room(queue, 1)
  local own = id or new_id(queue)
  push_new(queue, is_left, own, value, options)
  if id or options.key then
    report_kept(queue, own, options)
  end
  if id then
    take_window(queue, id)
  end
  return id and PUSHED or own
end

pushing.one = push_one

local NO_OPTIONS = {}

verbs.push = function(from, to)
  require_memory()
  local queue, is_left, replies = opened_at(ARGV[from]), ARGV[from + 1] == 'LEFT', {}
  for at = from + 2, to, 4 do
    local id = ARGV[at] == 'ID' and ARGV[at + 1]
    local options = ARGV[at + 3] ~= '' and cjson.decode(ARGV[at + 3]) or NO_OPTIONS
    options.key = options.key and bytes_of(options.key)
    local reply = push_one(queue, is_left, id, ARGV[at + 2], options)
    is_refused = is_refused or reply == FULL_QUEUE or reply == PAUSED_QUEUE
    replies[#replies + 1] = reply
  end
  return replies
end
