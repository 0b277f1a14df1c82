-- Groups of queues that have nothing rare but priorities and groups: what full/grouped.lua and
-- full/group-turns.lua do on any queue, with as few commands as possible. A group has one event claimed
-- at a time, and no rate. What changes is written by "settle".
-- KEYS    of the queue: all
-- ARGV    (none)
-- Returns nothing by itself

-- By name whether a queue has priorities or groups: see rare.lua.
local are_ordered = {}

local LIMIT = 1

-- Looks at what the queue has. Where a key has the wrong type this fails before anything is done.
local function open(queue)
  if queue.is_open then
    return
  end
  local name = queue.name
  queue.places, queue.ranked, queue.grouped = PLACES .. name, RANKED .. name, GROUPED .. name
  queue.groups, queue.turns = GROUPS .. name, TURNS .. name
  redis.call('HLEN', queue.places)
  redis.call('ZCARD', queues_key)
  queue.has_ranked = redis.call('ZCARD', queue.ranked) > 0
  queue.has_groups = redis.call('HLEN', queue.groups) + redis.call('ZCARD', queue.grouped) > 0
  local last = redis.call('ZRANGE', queue.turns, -1, -1, 'WITHSCORES')
  queue.last_turn = tonumber(last[2]) or 0
  queue.records, queue.noted, queue.added, queue.removed = {}, {}, {}, {}
  queue.is_open = true
end

-- The record has changed, or something else on which its turn depends.
local function note(queue, record)
  if not record.is_noted then
    record.is_noted = true
    queue.noted[#queue.noted + 1] = record
  end
end

-- Reads the records at these keys that are not read yet; '' is no group.
local function read_groups(queue, keys)
  local records, unread = queue.records, {}
  for _, key in ipairs(keys) do
    if key ~= '' and not records[key] then
      records[key] = true
      unread[#unread + 1] = key
    end
  end
  if #unread > 0 then
    local packed = redis.call('HMGET', queue.groups, unpack(unread))
    for at, key in ipairs(unread) do
      records[key] = record_in(key, packed[at], LIMIT)
    end
  end
end

-- That of the events without a group.
local function ungrouped_record(queue)
  local record = queue.records['']
  if not record then
    record = record_in('', redis.call('HMGET', queue.groups, '')[1], LIMIT)
    queue.records[''] = record
  end
  return record
end

local function note_ungrouped(queue)
  if queue.has_groups then
    note(queue, ungrouped_record(queue))
    queue.slice = nil
  end
end

-- A turn behind all others, also where the clock was set back.
local function turn_behind(queue, tick)
  queue.last_turn = math.max(tick, queue.last_turn + 1)
  return queue.last_turn
end

-- A group begins with its first event.
local function begin_group(queue, record, tick)
  record.begin, record.rank, record.turn = tick, tick, turn_behind(queue, tick)
  if not queue.has_groups then
    queue.has_groups = true
    note_ungrouped(queue)
  end
end

-- How many of its events may be handed out now.
local function room_of(record)
  return record.ready > 0 and record.claimed < LIMIT and record.held == 0 and 1 or 0
end

-- Adds to writes the turn of a record, unless it stands in "turns" as it is. was_in: whether it was there.
local function add_turn(writes, record, was_in, latest)
  local is_late = record.turn > latest
  if is_late then
    -- The clock was set back: it is as the last one.
    record.turn = latest
  end
  if record.room > 0 and not record.is_stuck then
    if is_late or not was_in or record.has_turned then
      local going = writes.going
      going[#going + 1] = string.format('%d', record.turn)
      going[#going + 1] = record.key
    end
  elseif was_in or record.is_stuck then
    writes.waiting[#writes.waiting + 1] = record.key
  end
  record.is_stuck, record.has_turned = nil, nil
end

local function add_group(queue, writes, record, latest)
  local before = record.room
  record.room = room_of(record)
  add_turn(writes, record, before > 0, latest)
  if record.ready + record.claimed + record.delayed > 0 then
    local kept = writes.kept
    kept[#kept + 1] = record.key
    kept[#kept + 1] = packed_record(record)
    record.is_kept = true
  else
    writes.gone[#writes.gone + 1] = record.is_kept and record.key or nil
    queue.has_lost_groups = true
    record.begin, record.is_kept = 0, false
  end
  return math.max(0, record.room - before)
end

-- The record of the events without a group is only needed once they had a turn.
local function add_ungrouped(queue, writes, record, latest)
  record.room = redis.call('EXISTS', queue.ready, queue.front, queue.ranked)
  local has_turned = record.has_turned
  -- It may be there or not.
  add_turn(writes, record, record.room == 0, latest)
  if has_turned then
    writes.kept[#writes.kept + 1] = ''
    writes.kept[#writes.kept + 1] = packed_record(record)
  end
end

-- To be called before turns or members are read, and at the end.
local function settle(queue)
  in_slices('ZREM', queue.grouped, queue.removed)
  in_slices('ZADD', queue.grouped, queue.added)
  queue.removed, queue.added = {}, {}
  local noted, told = queue.noted, 0
  if #noted == 0 then
    return
  end
  queue.noted = {}
  local writes = { kept = {}, gone = {}, going = {}, waiting = {} }
  local latest = math.max(queue.last_turn, take_ticks(0))
  for _, record in ipairs(noted) do
    record.is_noted = nil
    if record.key == '' then
      add_ungrouped(queue, writes, record, latest)
    else
      told = told + add_group(queue, writes, record, latest)
    end
  end
  in_slices('HSET', queue.groups, writes.kept)
  in_slices('HDEL', queue.groups, writes.gone)
  in_slices('ZADD', queue.turns, writes.going)
  in_slices('ZREM', queue.turns, writes.waiting)
  if told > 0 then
    became_ready(queue, told)
  end
end

-- A group is forgotten with its last event.
local function forget_groups(queue)
  if redis.call('EXISTS', queue.events) == 0 then
    redis.call('UNLINK', queue.groups, queue.grouped, queue.turns, LOOKS .. queue.name)
  elseif redis.call('HLEN', queue.groups) == redis.call('HEXISTS', queue.groups, '') then
    redis.call('UNLINK', queue.groups, queue.turns)
  end
end

at_end[#at_end + 1] = function()
  for name, queue in pairs(queues_by_name) do
    if queue.is_open then
      settle(queue)
      if queue.has_lost_groups then
        forget_groups(queue)
      end
      if queue.has_left and redis.call('EXISTS', queue.places, queue.groups) == 0 then
        redis.call('SREM', RARE, name)
        redis.call('SREM', ORDERED, name)
      end
    end
  end
end
