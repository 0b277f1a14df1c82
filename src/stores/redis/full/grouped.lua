-- Groups: see src/queue/groups.ts. Each has a record in the hash "groups", under "=" and its name: how
-- many of its events are ready, claimed, delayed, and of these how many hold it; the ticks of its
-- beginning and of its latest turn; the last of the ranks that its events got; how many could be handed
-- out when that was last told; and when a tick looks at it. Under "" is the turn of the events
-- without a group. The ready events of all groups are in one sorted set, where they all have the same
-- score and the order is that of the bytes: the tick of the beginning, the rank, the id. The rank is
-- in the record of an event, too, as R, and k in it says that it was claimed before.
-- In a batch each record is read once. What changes is written by "settle".
-- KEYS    of the queue: grouped groups turns own-groups group-rates looks
-- ARGV    (none)
-- Returns nothing by itself

-- Why a group cannot go.
local PAUSED_GROUP, AT_LIMIT, AT_RATE = 'group-paused', 'group-limit', 'group-rate'

-- What a group has that has nothing of its own: not to be changed.
local NOTHING = {}

-- The record has changed, or something else on which its turn depends.
local function note(queue, record)
  if not record.is_noted then
    record.is_noted = true
    queue.noted = queue.noted or {}
    queue.noted[#queue.noted + 1] = record
  end
end

-- How many of its events may be handed out now, and why not more.
local function room_of(record)
  local own = record.own
  if record.ready <= 0 then
    return 0
  elseif own.till and own.till > now() then
    return 0, PAUSED_GROUP
  elseif record.limit == 1 and record.held > 0 then
    return 0, AT_LIMIT
  end
  local room, reason = record.ready, nil
  if record.limit > 0 and record.limit - record.claimed < room then
    room, reason = math.max(0, record.limit - record.claimed), AT_LIMIT
  end
  local rated = record.rate and rates.room(record.rate, record.counted)
  if room > 0 and rated and rated < room then
    room, reason = rated, AT_RATE
  end
  return room, reason
end

-- The limit and the rate that hold for a group now.
local function note_own(queue, record, packed_rate)
  record.rate, record.counted = nil, nil
  record.limit = tonumber(record.own.limit) or queue.group_limit
  local rate = record.own.rate or queue.group_rate
  if rate ~= '' then
    make_rates()
    record.rate = rates.of(rate, 0)
    local is_changed
    record.counted, is_changed = rates.read(record.rate, packed_rate)
    if is_changed then
      record.has_counted = true
      note(queue, record)
    end
  end
end

-- Whether there is something to know of it.
local function is_there(record)
  return record.ready + record.claimed + record.delayed > 0
    or next(record.own) ~= nil
    or record.rate and not rates.is_empty(record.rate, record.counted)
end

-- No more than 16 fields, most of the time: with more it takes twice the memory.
local function record_in(key, packed, limit)
  local ready, claimed, held, delayed, room, begin, turn, rank, look = 0, 0, 0, 0, 0, 0, 0, 0, 0
  local bytes = packed and #packed or 0
  if bytes == RECORD_BYTES or bytes == WITH_RARE_BYTES then
    ready, claimed, room, begin, turn, rank = struct.unpack(RECORD_FORM, packed)
  end
  if bytes == WITH_RARE_BYTES then
    delayed, held, look = struct.unpack(RARE_FORM, packed, RECORD_BYTES + 1)
  end
  return {
    key = key, ready = ready, claimed = claimed, held = held, delayed = delayed, own = NOTHING,
    begin = begin, turn = turn, rank = rank, room = room, look = look, is_kept = packed ~= false,
    limit = limit, is_noted = nil, has_turned = nil, first = nil,
  }
end

local function packed_record(record)
  local packed = struct.pack(RECORD_FORM, record.ready, record.claimed, record.room, record.begin,
    record.turn, record.rank)
  local delayed, held, look = record.delayed, record.held, record.look
  if delayed + held + look == 0 then
    return packed
  end
  return packed .. struct.pack(RARE_FORM, delayed, held, look)
end

-- Reads the records at these keys of the hash that are not read yet.
local function read(queue, keys)
  queue.groups = queue.groups or {}
  local unread = {}
  for _, key in ipairs(keys) do
    if not queue.groups[key] then
      unread[#unread + 1] = key
      queue.groups[key] = true
    end
  end
  if #unread == 0 then
    return
  end
  local name, own, counted = queue.name, nil, nil
  if not queue.group_limit then
    queue.group_limit = tonumber(setting(queue, 'group-limit')) or 1
    queue.group_rate = setting(queue, 'group-rate') or ''
  end
  local packed = redis.call('HMGET', GROUPS .. name, unpack(unread))
  if queue.has_own_groups then
    own = redis.call('HMGET', OWN_GROUPS .. name, unpack(unread))
  end
  if queue.has_own_groups or queue.group_rate ~= '' then
    counted = redis.call('HMGET', GROUP_RATES .. name, unpack(unread))
  end
  for at, key in ipairs(unread) do
    local record = record_in(key, packed[at], queue.group_limit)
    if own and own[at] then
      record.own = unpacked(own[at])
    end
    if counted and key ~= '' then
      note_own(queue, record, counted[at])
    end
    queue.groups[key] = record
  end
end

local function record_at(queue, key)
  if not (queue.groups and queue.groups[key]) then
    read(queue, { key })
  end
  return queue.groups[key]
end

-- A turn behind all others, also where the clock was set back.
local function turn_behind(queue, tick)
  queue.last_turn = math.max(tick, (queue.last_turn or 0) + 1)
  return queue.last_turn
end

-- That of a group, which begins now if it is not there.
local function record_of(queue, name)
  local record = record_at(queue, '=' .. name)
  if record.begin == 0 then
    record.begin = take_ticks(1)
    record.turn, record.rank = turn_behind(queue, record.begin), record.begin
    if not queue.has_groups then
      queue.has_groups = true
      note(queue, record_at(queue, ''))
    end
  end
  note(queue, record)
  return record
end

-- To be called before it gets something in an operation that took nothing from it: one that has had
-- nothing since an operation before begins anew.
groups.begin_anew = function(queue, name)
  local record = queue.groups['=' .. name]
  if record and record.begin > 0 and not is_there(record) then
    record.begin = 0
  end
end

local function member_of(record, id, more)
  return struct.pack(MEMBER_FORM, record.begin, more.R, id)
end

groups.id_in = function(member)
  return string.sub(member, ID_IN_GROUPED)
end

-- Adds and removes the members that were put off.
local function write_members(queue)
  local key, added, removed = GROUPED .. queue.name, queue.added, queue.removed
  queue.added, queue.removed = nil, nil
  in_slices('ZADD', key, added or {})
  in_slices('ZREM', key, removed or {})
end

-- When a tick must look at it, in ms, or 0.
local function look_of(record, reason)
  local look = record.own.till and record.own.till < math.huge and record.own.till or 0
  if record.rate and not rates.is_empty(record.rate, record.counted) then
    local at = rates[reason == AT_RATE and 'next_at' or 'gone_at'](record.rate, record.counted)
    look = look > 0 and math.min(look, at) or at
  end
  return look
end

-- is_in: whether it was in "turns". A turn of a time before the clock was set back is as the last one.
local function add_turn(queue, writes, record, is_in)
  record.turn = math.min(record.turn, math.max(queue.last_turn or 0, take_ticks(0)))
  if record.room > 0 and not record.is_stuck then
    writes.going[#writes.going + 1] = string.format('%d', record.turn)
    writes.going[#writes.going + 1] = record.key
  elseif is_in or record.is_stuck then
    writes.waiting[#writes.waiting + 1] = record.key
  end
  record.is_stuck = nil
end

local function add_look(queue, writes, record, reason)
  if record.own == NOTHING and not record.rate and record.look == 0 then
    return
  end
  local look = look_of(record, reason)
  if look > 0 and look ~= record.look then
    writes.looks[#writes.looks + 1] = string.format('%d', look)
    writes.looks[#writes.looks + 1] = record.key
    will_be_due(queue, look)
  elseif look == 0 and record.look > 0 then
    writes.seen[#writes.seen + 1] = record.key
  end
  record.look = look
end

local function add_record(writes, record)
  if is_there(record) then
    writes.kept[#writes.kept + 1] = record.key
    writes.kept[#writes.kept + 1] = packed_record(record)
    record.is_kept = true
  else
    writes.gone[#writes.gone + 1] = record.is_kept and record.key or nil
    writes.are_fewer = true
    record.begin, record.is_kept = 0, false
  end
end

local function add_counted(queue, writes, record)
  if record.has_counted then
    record.has_counted = nil
    -- Its rate may be gone since.
    if not record.rate or rates.is_empty(record.rate, record.counted) then
      writes.uncounted[#writes.uncounted + 1] = record.key
    else
      writes.counted[#writes.counted + 1] = record.key
      writes.counted[#writes.counted + 1] = cmsgpack.pack(record.counted)
      writes.counted_ms = math.max(writes.counted_ms, rates.kept_ms(record.rate, record.counted))
    end
  end
end

-- The record of the events without a group is only needed once they had a turn.
local function add_ungrouped(queue, writes, record)
  if not queue.has_groups then
    return
  end
  record.room = ungrouped_count(queue)
  add_turn(queue, writes, record, true)
  if record.has_turned then
    record.has_turned = nil
    writes.kept[#writes.kept + 1] = ''
    writes.kept[#writes.kept + 1] = packed_record(record)
  end
end

-- The hash is gone with the last of them, even if the queue is.
local function write_counted(queue, writes)
  local key = GROUP_RATES .. queue.name
  in_slices('HDEL', key, writes.uncounted)
  if #writes.counted > 0 then
    local ms = math.max(redis.call('PTTL', key), writes.counted_ms)
    in_slices('HSET', key, writes.counted)
    redis.call('PEXPIRE', key, string.format('%.0f', ms))
  end
end

local function write(queue, writes)
  local name = queue.name
  in_slices('HSET', GROUPS .. name, writes.kept)
  in_slices('HDEL', GROUPS .. name, writes.gone)
  in_slices('ZADD', TURNS .. name, writes.going)
  in_slices('ZREM', TURNS .. name, writes.waiting)
  in_slices('ZADD', LOOKS .. name, writes.looks)
  in_slices('ZREM', LOOKS .. name, writes.seen)
  write_counted(queue, writes)
  queue.has_lost_groups = queue.has_lost_groups or writes.are_fewer
end

-- Writes what has changed. Returns how many more events may be handed out than were told before.
local function settled(queue)
  if queue.added or queue.removed then
    write_members(queue)
  end
  local noted, told = queue.noted, 0
  if not noted then
    return 0
  end
  queue.noted = nil
  local writes = {
    kept = {}, gone = {}, going = {}, waiting = {}, looks = {}, seen = {}, counted = {}, uncounted = {},
    counted_ms = 0, are_fewer = false,
  }
  for _, record in ipairs(noted) do
    record.is_noted = nil
    if record.key == '' then
      add_ungrouped(queue, writes, record)
    else
      local before = record.room
      local room, reason = room_of(record)
      record.room = room
      told = told + math.max(0, room - before)
      add_turn(queue, writes, record, before > 0 or record.has_turned)
      record.has_turned = nil
      add_look(queue, writes, record, reason)
      add_record(writes, record)
      add_counted(queue, writes, record)
    end
  end
  write(queue, writes)
  return told
end

-- To be called before anything is read that groups change, and at the end.
groups.settle = function(queue)
  tell_ready(queue, settled(queue))
end
