-- How events leave the line of a queue with priorities or groups.
-- KEYS    of the queue: all
-- ARGV    (none)
-- Returns nothing by itself

local take_next_listed, put_back_listed, lose_listed = take_next, put_back, lose

-- Takes up to so many events out of "ranked", the next ones out first; above: only those with a priority
-- above 0. Undoing a pop finds their places in "places".
local function take_ranked(queue, count, above, ids)
  local members, taken, length = redis.call('ZRANGE', queue.ranked, 0, count - 1), 0, #ids
  for at = 1, #members do
    local member = members[at]
    if above and member >= '1000' then
      break
    end
    ids[length + at], taken = string.sub(member, ID_IN_RANKED), at
  end
  if taken > 0 then
    redis.call('ZREMRANGEBYRANK', queue.ranked, 0, taken - 1)
  end
  queue.has_ranked = #members > 0
end

-- Takes up to so many events without a group. Adds the places of those that were in front of the list.
local function take_ungrouped(queue, count, ids, places)
  local most = #ids + count
  if queue.has_ranked then
    take_ranked(queue, count, true, ids)
  end
  while #ids < most do
    local listed, scores = take_next_listed(queue, most - #ids)
    if not listed then
      break
    elseif listed.err then
      error(listed)
    end
    for at, id in ipairs(listed) do
      ids[#ids + 1] = id
      places[#ids] = scores[at]
    end
  end
  if queue.has_ranked and #ids < most then
    take_ranked(queue, most - #ids, false, ids)
  end
end

-- Up to so many turns are read at a time, and so many where those before have no event.
local TURNS_AT_ONCE = 64

local function read_turns(queue, count)
  settle(queue)
  queue.slice = redis.call('ZRANGE', queue.turns, 0, count - 1)
  queue.slice_at = 1
  read_groups(queue, queue.slice)
end

-- Takes the next event of a group. Counts the claim at once: the group may have its turn again before the
-- claim is written.
local function take_of_group(queue, record)
  local first
  if can_go(record) then
    local least = least_member(record[OF_BEGIN])
    first = redis.call('ZRANGEBYLEX', queue.grouped, least, '+', 'LIMIT', '0', '1')[1]
  end
  note(queue, record)
  if not is_member_of(record[OF_BEGIN], first) then
    record[IS_STUCK] = true
    if can_go(record) then
      -- Another program removed its events from the line.
      record[OF_READY] = 0
    end
    return nil
  end
  queue.removed[#queue.removed + 1] = first
  record[OF_READY], record[OF_CLAIMED] = record[OF_READY] - 1, 1
  return string.sub(first, ID_IN_GROUPED)
end

-- Takes one event of each of the next turns that have one.
local function take_turns(queue, count, ids, places)
  local taken, slice, first = #ids, queue.slice, queue.slice_at
  -- None is used up: those of the claims of a call follow each other.
  local tick, at = take_ticks(0), first
  while taken < count and slice[at] do
    local key, record = slice[at], nil
    if key == '' then
      record = ungrouped_record(queue)
      note(queue, record)
      take_ungrouped(queue, 1, ids, places)
      record[IS_STUCK] = #ids == taken
    else
      record = queue.records[key]
      ids[taken + 1] = take_of_group(queue, record)
    end
    at = at + 1
    if ids[taken + 1] then
      taken = taken + 1
      queue.turns_before[ids[taken]] = record[OF_TURN]
      record[OF_TURN], record[HAS_TURNED] = turn_behind(queue, tick), true
    end
    record[OF_ROOM] = 0
  end
  queue.slice_at, queue.turns_taken = at, queue.turns_taken + at - first
end

-- How often turns are read again where none has an event, because another program removed them.
local ROUNDS = 8

-- wanted: how many events the caller takes in all, if there are so many.
local function take_next(queue, count, wanted)
  if not are_ordered[queue.name] then
    return take_next_listed(queue, count)
  end
  open(queue)
  queue.has_front = queue.has_front and redis.call('EXISTS', queue.front) == 1
  local has_front, ids, places, rounds = queue.has_front, {}, {}, 0
  if not queue.has_groups then
    take_ungrouped(queue, count, ids, places)
  end
  while queue.has_groups and #ids == 0 and rounds < ROUNDS do
    if not queue.slice or not queue.slice[queue.slice_at] then
      read_turns(queue, rounds > 0 and TURNS_AT_ONCE or math.min(wanted, TURNS_AT_ONCE))
      rounds = rounds + 1
    end
    if #queue.slice == 0 then
      break
    end
    take_turns(queue, count, ids, places)
  end
  if #ids == 0 then
    return false, places
  end
  -- What follows a gap would not be seen.
  for at = 1, has_front and #ids or 0 do
    places[at] = places[at] or false
  end
  return ids, places
end

-- Reads what "places" has of an event, or false, and the record of its group, or nil.
local function belongs(queue, id)
  local place = redis.call('HMGET', queue.places, id)[1]
  local from = place and string.find(place, '=', 9, true)
  if not from then
    return place, nil
  end
  local key = string.sub(place, from)
  read_groups(queue, { key })
  return place, queue.records[key]
end

-- An event is put back: it had no turn.
local function take_turn_back(queue, record, id)
  record[OF_TURN], record[HAS_TURNED] = queue.turns_before[id] or record[OF_TURN], true
  note(queue, record)
end

local function put_back(queue, ids, places, first)
  if not are_ordered[queue.name] then
    return put_back_listed(queue, ids, places, first)
  end
  for at = #ids, first, -1 do
    local id = ids[at]
    local place, record = belongs(queue, id)
    if record then
      record[OF_READY], record[OF_CLAIMED] = record[OF_READY] + 1, math.max(0, record[OF_CLAIMED] - 1)
      take_turn_back(queue, record, id)
      queue.added[#queue.added + 1] = '0'
      local rank = struct.unpack('>d', place)
      queue.added[#queue.added + 1] = struct.pack(MEMBER_FORM, record[OF_BEGIN], rank, id)
    elseif place then
      queue.has_ranked = true
      redis.call('ZADD', queue.ranked, 0, string.sub(place, 1, ID_IN_RANKED - 1) .. id)
    else
      put_back_listed(queue, { id }, { places[at] }, 1)
    end
    if not record and queue.has_groups then
      take_turn_back(queue, ungrouped_record(queue), id)
    end
  end
  queue.slice = nil
end

local function lose(queue, id)
  lose_listed(queue)
  if are_ordered[queue.name] then
    local _, record = belongs(queue, id)
    redis.call('HDEL', queue.places, id)
    queue.has_left = true
    if record then
      record[OF_CLAIMED] = math.max(0, record[OF_CLAIMED] - 1)
      note(queue, record)
    end
  end
end
