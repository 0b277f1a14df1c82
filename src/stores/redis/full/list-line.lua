-- The ready events of a queue by their indexes, from 0 on the left: its groups, what has a priority below 0,
-- the list, the front, and what has a priority above 0.
-- KEYS    of the queue: all
-- ARGV    (none)
-- Returns nothing by itself

local TOO_LARGE = -4

-- So many ids, or values, are read at once, and of these about so many bytes.
local READ_AT_ONCE = 500
local READ_BYTES_AT_ONCE = 1024 * 1024

-- The first so many ids at an end of the list without ghosts, from that end on; how many stand there with
-- the ghosts; these; and how often each of their ids is a ghost further on.
local function walk(queue, is_left, count)
  local found, ghosts, left, seen, raw = {}, {}, {}, {}, 0
  -- Of equal ids the ghosts are on the right.
  local function is_ghost(id)
    if left[id] == 0 then
      return false
    elseif is_left and not seen[id] then
      seen[id] = true
      local state, score = state_of(queue, id)
      return state ~= 'ready' or score or not is_in_list(queue, id)
    end
    return true
  end
  local function read_next()
    if is_left then
      return redis.call('LRANGE', queue.ready, raw, raw + READ_AT_ONCE - 1)
    end
    local ids, listed = {}, redis.call('LRANGE', queue.ready, -raw - READ_AT_ONCE, -raw - 1)
    for at = #listed, 1, -1 do
      ids[#ids + 1] = listed[at]
    end
    return ids
  end
  while #found < count do
    local ids = read_next()
    if #ids == 0 then
      break
    end
    for id, number in pairs(queue.has_ghosts and ghosts_among(queue, ids) or {}) do
      left[id] = left[id] or number
    end
    for _, id in ipairs(ids) do
      if #found == count then
        break
      end
      left[id], raw = left[id] or 0, raw + 1
      if is_ghost(id) then
        left[id] = left[id] - 1
        ghosts[#ghosts + 1] = id
      else
        found[#found + 1] = id
      end
    end
  end
  return found, raw, ghosts, left
end

-- Takes the first so many events out of the list, at one end; returns their ids from there on.
local function cut(queue, is_left, count)
  local found, raw, ghosts, left = walk(queue, is_left, count)
  if raw == 0 then
    return found
  elseif is_left then
    redis.call('LTRIM', queue.ready, raw, -1)
  else
    redis.call('LTRIM', queue.ready, 0, -raw - 1)
  end
  for at = 1, #ghosts, READ_AT_ONCE do
    if queue.has_ghosts then
      forget_ghosts(queue, { unpack(ghosts, at, math.min(#ghosts, at + READ_AT_ONCE - 1)) }, left)
    end
  end
  return found
end

-- From that index of the list to that one.
local function listed_between(queue, count, first, last)
  if not queue.has_ghosts then
    return redis.call('LRANGE', queue.ready, first, last)
  end
  local ids, is_left = {}, last < count - first
  local found = walk(queue, is_left, is_left and last + 1 or count - first)
  for at = first, last do
    ids[#ids + 1] = found[is_left and at + 1 or count - at]
  end
  return ids
end

local function members_between(key, id_in, first, last)
  local ids = redis.call('ZREVRANGE', key, first, last)
  for at, member in ipairs(id_in and ids or {}) do
    ids[at] = id_in(member)
  end
  return ids
end

-- The parts of the line from left to right: how many stand in each, and its ids between two indexes.
local function parts_of(queue)
  local name, parts = queue.name, {}
  local function add(count, key, id_in, behind)
    parts[#parts + 1] = { count = count, between = function(first, last)
      return members_between(key, id_in, behind + first, behind + last)
    end }
  end
  if queue.has_groups then
    groups.settle(queue)
    add(redis.call('ZCARD', GROUPED .. name), GROUPED .. name, groups.id_in, 0)
  end
  local below = queue.has_ranked and redis.call('ZLEXCOUNT', RANKED .. name, '[1', '+') or 0
  if queue.has_ranked then
    add(below, RANKED .. name, ranked.id_in, 0)
  end
  local listed = redis.call('LLEN', queue.ready) - ghost_count(queue)
  parts[#parts + 1] = { count = listed, is_list = true, between = function(first, last)
    return listed_between(queue, listed, first, last)
  end }
  add(redis.call('ZCARD', queue.front), queue.front, nil, 0)
  if queue.has_ranked then
    add(redis.call('ZCARD', RANKED .. name) - below, RANKED .. name, ranked.id_in, below)
  end
  return parts
end

-- The ids between two indexes.
local function ids_between(parts, first, last)
  local ids, before = {}, 0
  for _, part in ipairs(parts) do
    local from, to = math.max(first - before, 0), math.min(last - before, part.count - 1)
    for _, id in ipairs(from <= to and part.between(from, to) or {}) do
      ids[#ids + 1] = id
    end
    before = before + part.count
  end
  return ids
end

-- Where the list begins, and where what stands to the right of it begins.
local function span_of_list(parts)
  local before = 0
  for _, part in ipairs(parts) do
    if part.is_list then
      return before, before + part.count
    end
    before = before + part.count
  end
end

-- The first and the last of these indexes in a line of that length; nil for none.
local function span_of(length, from, to)
  local first = math.max(0, from < 0 and length + from or from)
  local last = math.min(length - 1, to < 0 and length + to or to)
  if first <= last then
    return first, last
  end
end

-- Behind so many events that a verb went over, the batch ends.
local FAR = 10000

-- Whether a verb may go over so many events, in a transaction together with those before it.
local function may_go(queue, count)
  local far = math.max(count, ghost_count(queue))
  if far > (reach_left or LIST_REACH) then
    return false
  elseif reach_left then
    reach_left = reach_left - far
  elseif far > FAR then
    reply_bytes = REPLY_BYTES_MAX
  end
  return true
end

-- Calls run with the place, the value and the length of its head for each of these ids, until it returns
-- true. Returns whether it ended behind too many bytes of contents.
local function each_value(queue, ids, run)
  local bytes, size, at = 0, 16, 1
  while at <= #ids do
    local last, read = math.min(#ids, at + size - 1), 0
    for place, value in ipairs(redis.call('HMGET', queue.events, unpack(ids, at, last))) do
      -- Somebody may have deleted it.
      local head = value and head_of(value)
      read = read + (value and #value or 0)
      bytes = bytes + (value and #value - head or 0)
      if bytes > LIST_BYTES_MAX then
        return true
      elseif value and run(at + place - 1, value, head) then
        return false
      end
    end
    -- Many large ones would fill the memory before they are counted.
    size = math.floor((last - at + 1) * READ_BYTES_AT_ONCE / (read + 1))
    size = math.max(1, math.min(READ_AT_ONCE, size))
    at = last + 1
  end
  return false
end

-- Whether it has these contents.
local function has_contents(value, head, contents)
  return #value == head + #contents and string.sub(value, head + 1) == contents
end
