-- The entries of a stream: its ready and claimed events, in the order of their places. Those in the list
-- are taken to stand there in that order, from right to left.
-- KEYS    of the queue: all
-- ARGV    (none)
-- Returns nothing by itself

-- So far from where the order tells it an entry of the list may stand.
local ASTRAY = 64

-- nil if the event is gone.
local function place_of(queue, id)
  local place = place_of_id(id)
  if place then
    return place
  end
  local value = redis.call('HGET', queue.events, id)
  return value and end_of_ms(pushed_at(value))
end

local function entry_count(queue)
  return ready_count(queue) + redis.call('ZCARD', queue.claimed)
end

-- Where the latest id of the queue stands: see StreamLength. nil behind too many ghosts.
local function latest_place(queue)
  local record = record_of(queue)
  if record then
    return place_of_id(record.last)
  end
  local id = last_out(queue)
  if not id and queue.is_behind then
    return nil
  end
  return id and place_of(queue, id) or FIRST_PLACE
end

-- Whether a verb may look at so many events: see may_go. Here no ghosts are in the way.
local function may_look(count)
  if count > (reach_left or LIST_REACH) then
    return false
  elseif reach_left then
    reach_left = reach_left - count
  elseif count > FAR then
    reply_bytes = REPLY_BYTES_MAX
  end
  return true
end

-- The first so many ids from the right end on, without ghosts, from that place there on.
local function next_out_between(parts, length, first, count)
  local last = length - 1 - first
  local ids, reversed = ids_between(parts, math.max(0, last - count + 1), last), {}
  for at = #ids, 1, -1 do
    reversed[#reversed + 1] = ids[at]
  end
  return reversed
end

-- Drops so many of the oldest ready events.
local function drop_first(queue, parts, length, count)
  local begin, behind = span_of_list(parts)
  local gone = next_out_between(parts, length, 0, count)
  local listed = math.max(0, math.min(behind, length) - math.max(begin, length - count))
  cut(queue, false, listed)
  drop_ready(queue, gone)
end

-- How many of the first ones stand below that place, up to so many.
local function count_below(queue, parts, length, place, most)
  local count = 0
  while count < math.min(length, most) do
    local ids = next_out_between(parts, length, count, math.min(most - count, READ_AT_ONCE))
    for _, id in ipairs(ids) do
      if (place_of(queue, id) or FIRST_PLACE) >= place then
        return count
      end
      count = count + 1
    end
    if #ids == 0 then
      break
    end
  end
  return count
end

-- terms: what trim_terms reads. Returns how many have gone.
local function trim_queue(queue, terms)
  local length, count = ready_count(queue), nil
  if terms.place then
    count = count_below(queue, parts_of(queue), length, terms.place, terms.most)
  else
    count = math.min(length + redis.call('ZCARD', queue.claimed) - terms.length, length, terms.most)
    count = count < terms.slack and 0 or count
  end
  if count > 0 then
    drop_first(queue, parts_of(queue), length, count)
  end
  return math.max(count, 0)
end

-- Trims each queue of its tree; returns how many have gone from itself.
local function trim_tree(queue, terms)
  local count = 0
  for _, each in ipairs(queues_of(queue)) do
    local gone = trim_queue(each, terms)
    count = each == queue and gone or count
  end
  return count
end

-- LENGTH|FROM, a length or an id, slack, most; nil for KEEP.
local function trim_terms(at)
  if ARGV[at] == 'KEEP' then
    return nil
  elseif ARGV[at] == 'FROM' then
    return { place = place_of_id(ARGV[at + 1]), most = tonumber(ARGV[at + 3]) }
  end
  return { length = tonumber(ARGV[at + 1]), slack = tonumber(ARGV[at + 2]), most = tonumber(ARGV[at + 3]) }
end

-- More than are asked for are collected before the others are left out.
local COLLECTED_MORE = 1000

-- Collects ids between two places, both included: the first so many, or if is_reverse the last ones. Returns a
-- function that adds one and tells whether it is between them, and one that returns id and place of each.
local function collector(from, to, count, is_reverse)
  local found, farthest, is_sorted = {}, nil, true
  local function is_nearer(place, other)
    if is_reverse then
      return place > other
    end
    return place < other
  end
  local function collected()
    if not is_sorted then
      table.sort(found, function(a, b)
        return is_nearer(a.place, b.place)
      end)
    end
    for at = #found, count + 1, -1 do
      found[at] = nil
    end
    is_sorted, farthest = true, found[count] and found[count].place
    return found
  end
  local function add(id, place)
    if place < from or place > to then
      return false
    elseif not farthest or is_nearer(place, farthest) then
      local before = found[#found]
      is_sorted = is_sorted and not (before and is_nearer(place, before.place))
      found[#found + 1] = { id = id, place = place }
      if #found > 2 * count + COLLECTED_MORE then
        collected()
      end
    end
    return true
  end
  return add, collected
end

-- All ids that do not stand in the list; nil if these are too many.
local function unlisted(queue, is_unclaimed)
  local name, keys = queue.name, { { queue.front } }
  if not is_unclaimed then
    keys[#keys + 1] = { queue.claimed }
  end
  if queue.has_ranked then
    keys[#keys + 1] = { RANKED .. name, ranked.id_in }
  end
  if queue.has_groups then
    groups.settle(queue)
    keys[#keys + 1] = { GROUPED .. name, groups.id_in }
  end
  local count, ids = 0, {}
  for _, each in ipairs(keys) do
    count = count + redis.call('ZCARD', each[1])
  end
  if not may_look(count) then
    return nil
  end
  for _, each in ipairs(count > 0 and keys or {}) do
    for _, id in ipairs(redis.call('ZRANGE', each[1], 0, -1)) do
      ids[#ids + 1] = each[2] and each[2](id) or id
    end
  end
  return ids
end

-- How many of the list, from the right, stand below that place, or if is_behind also at it.
local function listed_below(queue, place, is_behind)
  local low, high = 0, redis.call('LLEN', queue.ready)
  while low < high do
    local middle, own = math.floor((low + high) / 2), nil
    -- A ghost may have no place.
    for at = middle, math.min(high, middle + ASTRAY) - 1 do
      own = place_of(queue, redis.call('LINDEX', queue.ready, -1 - at))
      if own then
        break
      end
    end
    if own and (own < place or is_behind and own == place) then
      low = middle + 1
    else
      high = middle
    end
  end
  return low
end

-- Whether that id of the list, of which so many are ghosts, stands there as an event.
local function is_entry(queue, id, ghosts)
  if ghosts == 0 then
    return true
  end
  local state, score = state_of(queue, id)
  return state == 'ready' and not score and is_in_list(queue, id)
end

-- Calls run with each id of the list and its place, from the one behind so many from the right on, or if
-- is_reverse from the one before these; until it returns true. Ghosts are left out.
local function each_listed(queue, from, is_reverse, run)
  local length, seen = redis.call('LLEN', queue.ready), {}
  local at, step = is_reverse and from - 1 or from, is_reverse and -1 or 1
  while at >= 0 and at < length do
    local first = is_reverse and math.max(0, at - READ_AT_ONCE + 1) or at
    local last = is_reverse and at or math.min(length, at + READ_AT_ONCE) - 1
    local ids = redis.call('LRANGE', queue.ready, -last - 1, -first - 1)
    local ghosts = queue.has_ghosts and ghosts_among(queue, ids) or {}
    for index = at, is_reverse and first or last, step do
      local id = ids[last - index + 1]
      local place = not seen[id] and is_entry(queue, id, ghosts[id] or 0) and place_of(queue, id)
      seen[id] = true
      if place and run(id, place) then
        return
      end
    end
    at = is_reverse and first - 1 or last + 1
  end
end

-- The ids between two places, both included, of which the first so many are asked for, or if is_reverse the
-- last ones, in that order; nil if too many stand elsewhere than in the list. is_unclaimed: without claims.
local function entries_between(queue, from, to, count, is_reverse, is_unclaimed)
  local others = unlisted(queue, is_unclaimed)
  if not others then
    return nil
  end
  local add, collected = collector(from, to, count, is_reverse)
  for _, id in ipairs(others) do
    local place = place_of(queue, id)
    if place then
      add(id, place)
    end
  end
  local begin = is_reverse and listed_below(queue, to, true) + ASTRAY or listed_below(queue, from, false) - ASTRAY
  begin = math.max(0, math.min(begin, redis.call('LLEN', queue.ready)))
  local wanted, outside = count + ASTRAY, 0
  each_listed(queue, begin, is_reverse, function(id, place)
    local is_over = is_reverse and place < from or not is_reverse and place > to
    outside = is_over and outside + 1 or 0
    wanted = add(id, place) and wanted - 1 or wanted
    return outside > ASTRAY or wanted <= 0
  end)
  local ids = {}
  for at, each in ipairs(collected()) do
    ids[at] = each.id
  end
  return ids
end

-- Removes an event that is ready or claimed; returns whether it was there.
local function remove_entry(queue, id)
  local state = state_of(queue, id)
  if state == 'ready' then
    drop(queue, id, state)
  elseif state == 'claimed' then
    local more = more_of(queue, id)
    leave_claimed(queue, id, more)
    erase(queue, id, more)
  end
  return state == 'ready' or state == 'claimed'
end
