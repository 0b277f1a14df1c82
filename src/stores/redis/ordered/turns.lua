-- Groups of queues that have nothing rare but priorities and groups: what full/grouped.lua and
-- full/group-turns.lua do on any queue, with as few commands as possible. A group has one event claimed
-- at a time, and no rate. What changes is written by "settle".
-- KEYS    of the queue: all
-- ARGV    (none)
-- Returns nothing by itself

-- Filled by rare.lua.
are_ordered = {}

-- Looks at what the queue has. Where a key has the wrong type this fails before anything is done.
local function open(queue)
  if queue.is_open then
    return
  end
  local name = queue.name
  queue.places, queue.ranked, queue.grouped = PLACES .. name, RANKED .. name, GROUPED .. name
  queue.groups, queue.turns = GROUPS .. name, TURNS .. name
  redis.call('LLEN', queue.ready)
  redis.call('ZCARD', queue.front)
  redis.call('HLEN', queue.places)
  redis.call('ZCARD', queues_key)
  queue.has_ranked = redis.call('ZCARD', queue.ranked) > 0
  queue.has_groups = redis.call('HLEN', queue.groups) + redis.call('ZCARD', queue.grouped) > 0
  local last = redis.call('ZRANGE', queue.turns, -1, -1, 'WITHSCORES')
  queue.has_turns, queue.last_turn = last[1] ~= nil, tonumber(last[2]) or 0
  queue.records, queue.noted, queue.noted_count, queue.added, queue.removed = {}, {}, 0, {}, {}
  queue.turns_before, queue.turns_taken = {}, 0
  queue.is_open = true
end

-- The record of a group is a list, because Lua makes and reads lists in half the time: the key in "groups",
-- the values there as in RECORD_FORM, and what this batch knows of the group.
local OF_KEY = 1
local OF_READY = 2
local OF_CLAIMED = 3
local OF_ROOM = 4
local OF_BEGIN = 5
local OF_TURN = 6
local OF_RANK = 7
-- False, or as in RARE_FORM.
local OF_RARE = 8
local IS_KEPT = 9
local IS_NOTED = 10
local HAS_TURNED = 11
local IS_STUCK = 12

-- A name around a function is found faster than a global one.
local struct_pack, struct_unpack = struct.pack, struct.unpack

local function record_in(key, packed)
  local bytes = packed and #packed or 0
  if bytes ~= RECORD_BYTES and bytes ~= WITH_RARE_BYTES then
    return { key, 0, 0, 0, 0, 0, 0, false, packed ~= false, false, false, false }
  end
  local ready, claimed, room, begin, turn, rank = struct_unpack(RECORD_FORM, packed)
  local rare = bytes == WITH_RARE_BYTES and { struct_unpack(RARE_FORM, packed, RECORD_BYTES + 1) }
  return { key, ready, claimed, room, begin, turn, rank, rare, true, false, false, false }
end

local function packed_record(record)
  local packed = struct_pack(RECORD_FORM, record[OF_READY], record[OF_CLAIMED], record[OF_ROOM],
    record[OF_BEGIN], record[OF_TURN], record[OF_RANK])
  local rare = record[OF_RARE]
  return rare and packed .. struct_pack(RARE_FORM, rare[1], rare[2], rare[3]) or packed
end

-- Whether it has no event that is ready, claimed or delayed.
local function is_empty(record)
  local rare = record[OF_RARE]
  return record[OF_READY] + record[OF_CLAIMED] == 0 and not (rare and rare[1] > 0)
end

-- The record has changed, or something else on which its turn depends.
local function note(queue, record)
  if not record[IS_NOTED] then
    record[IS_NOTED] = true
    queue.noted_count = queue.noted_count + 1
    queue.noted[queue.noted_count] = record
  end
end

-- Reads the records at these keys that are not read yet; '' is no group.
local function read_groups(queue, keys)
  local records, unread, count = queue.records, {}, 0
  for at = 1, #keys do
    local key = keys[at]
    if key ~= '' and not records[key] then
      records[key], count = true, count + 1
      unread[count] = key
    end
  end
  if count > 0 then
    local packed = redis.call('HMGET', queue.groups, unpack(unread))
    for at = 1, count do
      records[unread[at]] = record_in(unread[at], packed[at])
    end
  end
end

-- The record of the events without a group.
local function ungrouped_record(queue)
  local record = queue.records['']
  if not record then
    record = record_in('', redis.call('HMGET', queue.groups, '')[1])
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
  local turn = queue.last_turn + 1
  queue.last_turn = turn < tick and tick or turn
  return queue.last_turn
end

-- A group begins with its first event.
local function begin_group(queue, record, tick)
  record[OF_BEGIN], record[OF_RANK], record[OF_TURN] = tick, tick, turn_behind(queue, tick)
  if not queue.has_groups then
    queue.has_groups = true
    note_ungrouped(queue)
  end
end

-- Whether one of its events may be handed out now.
local function can_go(record)
  local rare = record[OF_RARE]
  return record[OF_READY] > 0 and record[OF_CLAIMED] == 0 and not (rare and rare[2] > 0)
end

-- Sorts the records that have changed by the commands that write them.
local function sorted_out(queue, noted)
  local kept, gone, going, waiting = {}, {}, {}, {}
  local kept_count, going_count, told = 0, 0, 0
  local latest = math.max(queue.last_turn, take_ticks(0))
  for at = 1, #noted do
    local record = noted[at]
    local key, is_late = record[OF_KEY], record[OF_TURN] > latest
    -- Another program may have removed all turns.
    local before = queue.has_turns and record[OF_ROOM] or 0
    if is_late then
      -- The clock was set back: it is as the last one.
      record[OF_TURN] = latest
    end
    local may_go = can_go(record)
    if key == '' then
      may_go = redis.call('EXISTS', queue.ready, queue.front, queue.ranked) > 0
      -- It may be in "turns" or not.
      before = may_go and 0 or 1
    end
    record[OF_ROOM] = may_go and 1 or 0
    if not may_go or record[IS_STUCK] then
      if before > 0 then
        waiting[#waiting + 1] = key
      end
    elseif before == 0 or record[HAS_TURNED] or is_late then
      going[going_count + 1], going[going_count + 2] = string.format('%d', record[OF_TURN]), key
      going_count = going_count + 2
      told = told + (key ~= '' and before == 0 and 1 or 0)
    end
    if key ~= '' and is_empty(record) then
      if record[IS_KEPT] then
        gone[#gone + 1] = key
      end
      record[OF_BEGIN], record[IS_KEPT] = 0, false
    elseif key ~= '' or record[HAS_TURNED] then
      -- The record of the events without a group is only needed once they had a turn.
      kept[kept_count + 1] = key
      kept[kept_count + 2] = packed_record(record)
      kept_count, record[IS_KEPT] = kept_count + 2, true
    end
    record[IS_NOTED], record[HAS_TURNED], record[IS_STUCK] = false, false, false
  end
  return kept, gone, going, waiting, told
end

-- To be called before turns or members are read, and at the end.
local function settle(queue)
  if queue.turns_taken > 0 then
    redis.call('ZREMRANGEBYRANK', queue.turns, '0', queue.turns_taken - 1)
    queue.turns_taken = 0
  end
  in_slices('ZREM', queue.grouped, queue.removed)
  in_slices('ZADD', queue.grouped, queue.added)
  queue.removed, queue.added = {}, {}
  if queue.noted_count == 0 then
    return
  end
  local noted = queue.noted
  queue.noted, queue.noted_count = {}, 0
  local kept, gone, going, waiting, told = sorted_out(queue, noted)
  queue.has_turns = queue.has_turns or #going > 0
  in_slices('HSET', queue.groups, kept)
  in_slices('HDEL', queue.groups, gone)
  in_slices('ZADD', queue.turns, going)
  in_slices('ZREM', queue.turns, waiting)
  queue.has_lost_groups = queue.has_lost_groups or #gone > 0
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
      if queue.has_left
        and redis.call('EXISTS', queue.places, queue.groups, queue.grouped, queue.ranked) == 0 then
        redis.call('SREM', RARE, name)
        redis.call('SREM', ORDERED, name)
      end
    end
  end
end
