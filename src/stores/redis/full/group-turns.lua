-- How events of groups enter and leave the line, and whose turn it is: see grouped.lua.
-- KEYS    of the queue: grouped groups turns own-groups group-rates looks
-- ARGV    (none)
-- Returns nothing by itself

-- An event without a group enters or leaves the line.
groups.note_ungrouped = function(queue)
  queue.is_slice_old = queue.slice ~= nil
  note(queue, record_at(queue, ''))
end

groups.ready_count = function(queue)
  groups.settle(queue)
  return redis.call('ZCARD', GROUPED .. queue.name)
end

-- So many groups are looked at to count what may be handed out. Of others it is one event each.
local COUNTED_GROUPS = 100

-- About how many events of groups may be handed out now.
groups.free_count = function(queue)
  local told = settled(queue)
  local keys = redis.call('ZRANGE', TURNS .. queue.name, 0, COUNTED_GROUPS)
  read(queue, keys)
  local count = 0
  for _, key in ipairs(keys) do
    count = count + (key ~= '' and room_of(queue.groups[key]) or 0)
  end
  if #keys > COUNTED_GROUPS then
    count = count + redis.call('ZCARD', TURNS .. queue.name) - #keys
  end
  tell_ready(queue, told)
  return count
end

groups.enter = function(queue, id, more)
  queue.is_slice_old = queue.slice ~= nil
  local record = record_of(queue, more.G)
  if not more.R then
    record.rank = math.max(record.rank + 1, take_ticks(1))
    more.R = record.rank
    keep_more(queue, id, more)
  end
  record.ready = record.ready + 1
  if queue.removed then
    -- It may be one of them.
    write_members(queue)
  end
  queue.added = queue.added or {}
  queue.added[#queue.added + 1] = 0
  queue.added[#queue.added + 1] = member_of(record, id, more)
end

groups.leave = function(queue, id, more)
  local record = record_of(queue, more.G)
  write_members(queue)
  if more.R and redis.call('ZREM', GROUPED .. queue.name, member_of(record, id, more)) == 1 then
    record.ready = math.max(0, record.ready - 1)
  end
end

-- Of the group that began first the member that is next out.
groups.first = function(queue)
  write_members(queue)
  return redis.call('ZRANGE', GROUPED .. queue.name, 0, 0)[1]
end

-- Of the group that began last the member that is last out.
groups.last = function(queue)
  write_members(queue)
  return redis.call('ZRANGE', GROUPED .. queue.name, -1, -1)[1]
end

-- An event was dropped, whose member has left.
groups.note_dropped = function(queue, more)
  if more.G then
    local record = record_of(queue, more.G)
    record.ready = math.max(0, record.ready - 1)
  else
    groups.note_ungrouped(queue)
  end
end

-- by: 1 or -1
groups.count_delayed = function(queue, more, by)
  local record = record_of(queue, more.G)
  record.delayed = math.max(0, record.delayed + by)
  record.held = math.max(0, record.held + (more.k and by or 0))
end

-- A claim of one of its events has ended.
groups.leave_claimed = function(queue, more)
  local record = record_of(queue, more.G)
  record.claimed = math.max(0, record.claimed - 1)
  more.k = 1
end

-- To be called before pops: about how many will follow.
groups.begin_pops = function(queue, count)
  groups.note_ungrouped(queue)
  groups.settle(queue)
  queue.slice, queue.slice_at, queue.slice_size, queue.is_slice_old = {}, 1, count, false
end

-- So many turns are read at a time.
local TURNS_AT_ONCE = 32

-- Up to so many members of a group, next ones out first.
local function members_of(queue, record, count)
  if queue.added or queue.removed then
    write_members(queue)
  end
  local key, least = GROUPED .. queue.name, least_member(record.begin)
  local members = redis.call('ZRANGEBYLEX', key, least, '+', 'LIMIT', 0, count)
  while #members > 0 and not is_member_of(record.begin, members[#members]) do
    members[#members] = nil
  end
  return members
end

-- The member of a group that is next out; nil if another program removed it.
local function first_member(queue, record)
  local member = members_of(queue, record, 1)[1]
  if not member then
    record.ready = 0
    note(queue, record)
  end
  return member
end

-- Reads the next turns, and the first event of each group.
local function read_slice(queue)
  groups.settle(queue)
  queue.is_slice_old = false
  local last = math.max(1, math.min(queue.slice_size, TURNS_AT_ONCE)) - 1
  queue.slice, queue.slice_at = redis.call('ZRANGE', TURNS .. queue.name, 0, last), 1
  read(queue, queue.slice)
  local ids = {}
  for _, key in ipairs(queue.slice) do
    local record = queue.groups[key]
    record.first = key ~= '' and room_of(record) > 0 and first_member(queue, record) or nil
    ids[#ids + 1] = record.first and groups.id_in(record.first)
  end
  read_small_events(queue, ids)
end

-- The record whose turn it is, or nil. An event that entered the line meanwhile may change whose.
local function next_turn(queue)
  if queue.is_slice_old or not queue.slice[queue.slice_at] then
    read_slice(queue)
  end
  local key = queue.slice[queue.slice_at]
  return key and queue.groups[key]
end

-- Takes the first event of a group out of it.
local function take_member(queue, record)
  local member = record.first or first_member(queue, record)
  record.first = nil
  if not member then
    return nil
  end
  queue.removed = queue.removed or {}
  queue.removed[#queue.removed + 1] = member
  record.ready = math.max(0, record.ready - 1)
  note(queue, record)
  return groups.id_in(member)
end

local function next_out_by(queue, of_ungrouped, of_group)
  while may_drop(queue) do
    local record = next_turn(queue)
    if not record then
      return nil
    end
    local id, place
    if record.key == '' then
      id, place = of_ungrouped(queue)
    elseif record.first or room_of(record) > 0 then
      id = of_group(queue, record)
    end
    if id or queue.is_behind then
      return id, place
    end
    record.is_stuck = true
    note(queue, record)
    queue.slice_at, queue.slice_size = queue.slice_at + 1, queue.slice_size * 2
    -- It is more work than a ghost.
    queue.dropped = queue.dropped + 2
  end
end

-- Takes the next one out of the line, as take_ungrouped does. end_turn follows if it is handed out.
groups.take = function(queue)
  if not queue.slice then
    groups.begin_pops(queue, 1)
  end
  return next_out_by(queue, take_ungrouped, take_member)
end

-- The next one out.
groups.peek = function(queue)
  groups.begin_pops(queue, 1)
  return (next_out_by(queue, first_ungrouped, function(_, record)
    local member = first_member(queue, record)
    return member and groups.id_in(member)
  end))
end

-- Up to so many ids of groups that can go, the first ones of each.
groups.some_free = function(queue, count)
  groups.settle(queue)
  local keys, ids = redis.call('ZRANGE', TURNS .. queue.name, 0, count - 1), {}
  read(queue, keys)
  for _, key in ipairs(keys) do
    local record = queue.groups[key]
    if key ~= '' and room_of(record) > 0 then
      for _, member in ipairs(members_of(queue, record, math.ceil(count / #keys))) do
        ids[#ids + 1] = groups.id_in(member)
      end
    end
  end
  return ids
end

-- When its next event was pushed, in ms, or nil.
groups.oldest = function(queue, record)
  local member = record.ready > 0 and first_member(queue, record)
  local value = member and redis.call('HGET', queue.events, groups.id_in(member))
  return value and pushed_at(value)
end

-- It was the turn of that group.
local function had_turn(queue, record, is_claimed)
  record.turn, record.has_turned = turn_behind(queue, take_ticks(1)), true
  note(queue, record)
  if record.key == '' then
    return
  end
  record.room = math.max(0, record.room - 1)
  record.claimed = record.claimed + (is_claimed and 1 or 0)
  if record.rate then
    rates.add(record.rate, record.counted)
    record.has_counted = true
  end
end

-- The event that was taken is handed out.
groups.end_turn = function(queue, is_claimed)
  local record = queue.slice and queue.groups[queue.slice[queue.slice_at] or false]
  -- The queue may have had no groups when the event was taken.
  if record then
    queue.slice_at = queue.slice_at + 1
    had_turn(queue, record, is_claimed)
  end
end

-- An event is handed out out of turn.
groups.give_turn = function(queue, more, is_claimed)
  had_turn(queue, more.G and record_of(queue, more.G) or record_at(queue, ''), is_claimed)
end

-- A pop at that time, in ms, is undone.
groups.take_back = function(queue, more, ms)
  local record = record_of(queue, more.G)
  if record.rate then
    rates.take_back(record.rate, record.counted, ms)
    record.has_counted = true
  end
end

-- What else a verb needs of them.
groups.note, groups.read, groups.record_of, groups.note_own = note, read, record_of, note_own
groups.room_of, groups.is_there = room_of, is_there

local function forget_unused(queue)
  local name = queue.name
  if queue.has_lost_groups and redis.call('HLEN', GROUPS .. name) == redis.call('HEXISTS', GROUPS .. name, '') then
    redis.call('UNLINK', GROUPS .. name, TURNS .. name)
  end
  if redis.call('EXISTS', queue.events) == 0 and not has_beside(queue) then
    redis.call('UNLINK', GROUPS .. name, GROUPED .. name, TURNS .. name, LOOKS .. name)
  end
end

-- This runs before the end of a batch in events.lua, which looks for keys that are left.
table.insert(at_end, 1, function()
  for _, queue in pairs(queues_by_name) do
    if queue.groups then
      groups.settle(queue)
    end
    if queue.groups or queue.has_lost_groups then
      forget_unused(queue)
    end
  end
end)
