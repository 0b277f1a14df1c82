-- Pushes events one after the other; which ones are refused depends on those before.
-- KEYS    queues, of the queue: all
-- ARGV    queue LEFT|RIGHT (ID|NEW, id, value, options)... (options: as options_in reads them)
-- Returns of each event 1, or the id that was made or found, or 0 for a duplicate of its id, or a list of
--         the id of which it is a duplicate, or -1 for a full queue, or -2 for a paused one, or a list
--         of that and its name if it is bound to this one; shorter behind many copies

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

-- Where an event belongs, by its old record and what is named.
local function place_named(more, old, options)
  more.G, more.n = options.group or old.G, options.priority or old.n
  if more.n == 0 then
    more.n = nil
  end
  if more.G == old.G then
    more.R, more.k = old.R, old.k
  end
  return more.G ~= old.G or not more.G and more.n ~= old.n
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

-- See counters.lua.
local function part_of(queue, id, options)
  local part = options.part
  return part and { part[1], part[2], queue.name .. '/' .. id }
end

-- Gives a waiting event other contents and options.
local function replace(queue, is_left, id, state, score, value, options)
  local old, due = more_of(queue, id), time_of(options.start or '')
  local more = {
    f = old.f, c = old.c, e = old.e, g = old.g, p = old.p, q = old.q, v = take_ticks(1), T = now(),
  }
  more.a, more.b, more.l, more.t = options.attempts, options.backoff, options.lease, options.ttl
  more.u, more.w = options.key, part_of(queue, id, options)
  release_key(queue, id, old)
  take_key(queue, id, more, options)
  local is_elsewhere = place_named(more, old, options)
  redis.call('HSET', queue.events, id, value)
  local place = not is_left and -take_ticks(1) or nil
  local is_delayed = state == 'delayed' or due and due > now()
  local is_moved = is_delayed or is_elsewhere or place and not more.G
  if is_moved then
    leave_waiting(queue, id, state, old)
  end
  if more.G ~= old.G then
    will_join(queue, more.G)
  end
  keep_more(queue, id, more)
  if state == 'delayed' then
    enter_waiting(queue, id, more, due or tonumber(score), place)
  elseif is_delayed then
    enter_delayed(queue, id, more, due)
  else
    if is_moved then
      enter_line(queue, id, more, place)
    end
    will_expire(queue, id, more)
  end
end

-- Whether an event of that id is there, or its window lasts.
local function is_taken(queue, id)
  return is_in_tree(queue, id) or is_windowed(queue, id)
end

-- What a push answers that this queue refuses.
local function refusal_by(refusing, queue, code)
  return refusing == queue and code or { code, refusing.name }
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

-- A copy has no unique key, and is no member of a counter.
local function add_new(queue, is_left, id, value, options, is_copy)
  if queue.has_completed and redis.call('ZSCORE', queue.completed, id) then
    drop_completed(queue, id)
  end
  local all = queue.put_off
  if all then
    all.new[id] = true
    all.values[#all.values + 1] = id
    all.values[#all.values + 1] = value
  else
    redis.call('HSET', queue.events, id, value)
  end
  list_queue(queue)
  local more = {
    G = options.group, n = options.priority ~= 0 and options.priority or nil, R = nil, q = nil,
  }
  if options.has_json then
    more.a, more.b, more.l = options.attempts, options.backoff, options.lease
    more.t, more.T = options.ttl, options.ttl and now()
    more.u = not is_copy and options.key or nil
    more.w = not is_copy and part_of(queue, id, options) or nil
    take_key(queue, id, more, options)
  end
  local due, place = options.start and time_of(options.start), not is_left and -take_ticks(1) or nil
  local is_ready = not (due and due > now())
  will_join(queue, more.G)
  -- Those of a group, and with a priority, are kept once more with their places.
  if next(more) ~= nil and not (is_ready and (more.G or more.n)) then
    keep_more(queue, id, more)
  end
  enter_waiting(queue, id, more, due, place)
end

-- How many copies a batch has made, and of how many bytes.
local copies, copied_bytes = 0, 0

-- There is room for it.
local function push_new(queue, is_left, id, value, options)
  if not queue.config.bindings then
    return add_new(queue, is_left, id, value, options, false)
  end
  each_keeper(queue, id, nil, function(each, is_copy)
    add_new(each, is_left, id, value, options, is_copy)
    if is_copy then
      copies, copied_bytes = copies + 1, copied_bytes + #value
    end
  end)
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

-- Makes so many ids at once. They are looked for one by one where a client may have chosen them.
local function make_ids(queue, count)
  queue.made = {}
  if count < 2 or queue.has_windows then
    return
  end
  local ids = {}
  for at = count, 1, -1 do
    ids[at] = made()
  end
  for _, each in ipairs(queues_of(queue)) do
    if each.has_completed then
      return
    end
    for _, value in ipairs(redis.call('HMGET', each.events, unpack(ids))) do
      if value then
        return
      end
    end
  end
  queue.made = ids
end

local function next_made(queue)
  return table.remove(queue.made or {}) or new_id(queue)
end

-- For fewer events in each of several queues putting off takes longer than it saves.
local PUT_OFF_MIN = 4

-- Calls a function that pushes so many. What it writes of new events is put off where nothing reads it.
local function pushing_many(queue, count, run)
  local keepers = keepers_of(queue)
  local is_read = queue.put_off or queue.config.bindings and count < PUT_OFF_MIN
  for _, each in ipairs(keepers) do
    is_read = is_read or each.put_off or limit_of(each, 'max-length') or duration_of(each, 'ttl')
  end
  local function go_on(at)
    if is_read or not keepers[at] then
      return run()
    end
    putting_off(keepers[at], function()
      go_on(at + 1)
    end)
  end
  go_on(1)
end

-- To be called before an event is looked at that may be one of them.
local function write_before(queue, id, options)
  if queue.put_off and (options.key or id and queue.put_off.new[id]) then
    do_put_off(queue)
  end
end

local function push_one(queue, is_left, id, value, options)
  local refusing = not queue.is_judged and paused_one(queue)
  if refusing then
    return refusal_by(refusing, queue, PAUSED_QUEUE)
  end
  local reply = options.key and push_of_taken(queue, is_left, id, value, options)
  if reply then
    return reply
  elseif id and is_taken(queue, id) then
    return push_taken(queue, is_left, id, value, options)
  end
  refusing = not queue.is_judged and full_one(queue, 1, 1)
  if refusing then
    return refusal_by(refusing, queue, FULL_QUEUE)
  end
  make_room(queue, 1)
  local own = id or next_made(queue)
  push_new(queue, is_left, own, value, options)
  if id or options.key then
    report_kept(queue, own, options)
  end
  if id then
    take_window(queue, id)
  end
  return id and PUSHED or own
end

local NO_OPTIONS = {}

-- JSON, and if there is a priority or a group, behind it lines with the priority, or nothing, and "="
-- and the group, or nothing.
local function options_in(text)
  if text == '' then
    return NO_OPTIONS
  end
  local json, priority, group = string.match(text, '^([^\n]*)\n([^\n]*)\n(.*)$')
  json = json or text
  priority, group = tonumber(priority), group and given(group)
  if json == '' then
    return { priority = priority, group = group }
  end
  local options = cjson.decode(json)
  options.has_json, options.priority, options.group = true, priority, group
  options.key = options.key and bytes_of(options.key)
  options.part = options.part and { bytes_of(options.part[1]), bytes_of(options.part[2]) }
  return options
end

-- What a push of so many answers that a queue refuses; nil if none does. left: see full_one.
local function refusal_of_push(queue, count, left)
  if queue.is_judged then
    return nil
  end
  local refusing = paused_one(queue)
  if refusing then
    return refusal_by(refusing, queue, PAUSED_QUEUE)
  end
  refusing = full_one(queue, count, count, left)
  return refusing and refusal_by(refusing, queue, FULL_QUEUE)
end

-- An event without options, for which there is room.
local function push_plain(queue, is_left, id, value)
  push_new(queue, is_left, id, value, NO_OPTIONS)
end

pushing.one, pushing.options_in = push_one, options_in
pushing.new, pushing.many = push_new, pushing_many
pushing.plain, pushing.refusal, pushing.make_ids = push_plain, refusal_of_push, make_ids

-- More copies would hold up Redis: the rest of the pushes comes in another batch.
local COPIES_AT_ONCE = 1000
local COPIED_BYTES = 4 * 1024 * 1024

-- Ends the batch behind many copies, but never a transaction (see UNCUT there).
local function has_ended_early()
  if reply_bytes < 0 or copies < COPIES_AT_ONCE and copied_bytes < COPIED_BYTES then
    return false
  end
  reply_bytes = REPLY_BYTES_MAX
  return true
end

-- Whether a queue has refused the push.
local function is_refusal(reply)
  local code = type(reply) == 'table' and reply[1] or reply
  return code == FULL_QUEUE or code == PAUSED_QUEUE
end

pushing.has_ended_early, pushing.is_refusal = has_ended_early, is_refusal

-- By their places. Reads what is known of the groups that they name.
local function all_options(queue, from, to)
  local all, keys, by_text = {}, {}, {}
  for at = from, to, 4 do
    local text = ARGV[at]
    local options = by_text[text]
    if not options then
      options = options_in(text)
      by_text[text] = options
      keys[#keys + 1] = options.group and '=' .. options.group
    end
    all[at] = options
  end
  if #keys > 1 then
    make_groups()
    groups.read(queue, keys)
  end
  return all
end

local function count_unnamed(from, to, step)
  local count = 0
  for at = from, to, step do
    count = count + (ARGV[at] == 'NEW' and 1 or 0)
  end
  return count
end

verbs.push = function(from, to)
  require_memory()
  local queue, is_left, replies = opened_at(ARGV[from]), ARGV[from + 1] == 'LEFT', {}
  is_list_no_more(queue)
  make_ids(queue, count_unnamed(from + 2, to, 4))
  local all = all_options(queue, from + 5, to)
  pushing_many(queue, (to - from - 1) / 4, function()
    for at = from + 2, to, 4 do
      local id = ARGV[at] == 'ID' and ARGV[at + 1]
      local options = all[at + 3]
      write_before(queue, id, options)
      local reply = push_one(queue, is_left, id, ARGV[at + 2], options)
      is_refused = is_refused or is_refusal(reply)
      replies[#replies + 1] = reply
      if has_ended_early() then
        break
      end
    end
  end)
  return replies
end
