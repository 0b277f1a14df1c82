-- The record of an event: its rare facts, see events.lua. Those of its place in the line are in the hash
-- "places", the others packed in the hash "more". The text of an event with a priority (n) or a group (G)
-- is "<priority> <place>", of one with a group "<priority> <rank>=<group>" with "k" before the "=" if it
-- was claimed before; and behind place or rank ":" and the tick at which it came back to a state. Place
-- and rank (q, R) are missing before it was ready. All of other events is in "more".
-- KEYS    of the queue: events more places
-- ARGV    (none)
-- Returns nothing by itself

-- The table in a packed text; an empty one if there is none, or another program wrote it.
local function unpacked(packed)
  local ok, value = pcall(cmsgpack.unpack, packed or '')
  return ok and type(value) == 'table' and value or {}
end

-- The facts that stand there, if the event has such a text; v only then.
local PLACED = { G = true, R = true, k = true, n = true, q = true, v = true }

-- The text for a record, and what else is in it, each nil for nothing.
local function place_and_rest(more)
  local group, rest = more.G, nil
  if not group and not more.n then
    return nil, next(more) ~= nil and more or nil
  end
  for name, value in pairs(more) do
    if not PLACED[name] then
      rest = rest or {}
      rest[name] = value
    end
  end
  local place = more.R
  if not group then
    place = more.q
  end
  local text = string.format('%d ', more.n or 0) .. (place and string.format('%.0f', place) or '')
  if more.v then
    text = text .. string.format(':%.0f', more.v)
  end
  return group and text .. (more.k and 'k=' or '=') .. group or text, rest
end

-- Adds to a record what such a text tells.
local function read_place(more, text)
  local priority, place, since, again, group = string.match(text, '^(%-?%d+) (%-?%d*):?(%d*)(k?)(.*)$')
  more.n, more.v = tonumber(priority), tonumber(since) or more.v
  if more.n == 0 then
    more.n = nil
  end
  if group and group ~= '' then
    more.G, more.R, more.k = string.sub(group, 2), tonumber(place), again ~= '' and 1 or nil
  else
    more.q = tonumber(place)
  end
end

-- What was read of many events at once, by id: their packed records, their places, and their values.
local function read_events(queue, ids, with_values)
  local packed = queue.has_more and redis.call('HMGET', queue.more, unpack(ids)) or {}
  local places = queue.has_places and redis.call('HMGET', queue.places, unpack(ids)) or {}
  local values = with_values and redis.call('HMGET', queue.events, unpack(ids)) or {}
  queue.packed, queue.placed, queue.values = queue.packed or {}, queue.placed or {}, queue.values or {}
  for at, id in ipairs(ids) do
    queue.packed[id], queue.placed[id] = packed[at] or false, places[at] or false
    queue.values[id] = values[at] or nil
  end
end

-- Reads so many events at once, their values only if they are probably small.
local function read_small_events(queue, ids)
  if #ids > 0 then
    local bytes = redis.call('HSTRLEN', queue.events, ids[1])
    read_events(queue, ids, bytes * #ids < FETCHED_BYTES_MIN)
  end
end

local function more_of(queue, id)
  local packed, place = queue.packed and queue.packed[id], nil
  if packed == nil then
    packed = queue.has_more and redis.call('HGET', queue.more, id)
    place = queue.has_places and redis.call('HGET', queue.places, id)
  else
    place = queue.placed[id]
  end
  local more = packed and unpacked(packed) or {}
  if place then
    read_place(more, place)
  end
  return more
end

local function keep_put_off(queue, id, place, rest)
  local all, packed = queue.put_off, rest and cmsgpack.pack(rest)
  if place then
    queue.has_places = true
    all.places[#all.places + 1] = id
    all.places[#all.places + 1] = place
  end
  if packed then
    queue.has_more = true
    all.more[#all.more + 1] = id
    all.more[#all.more + 1] = packed
  end
  queue.packed, queue.placed = queue.packed or {}, queue.placed or {}
  queue.packed[id], queue.placed[id] = packed or false, place or false
end

local function keep_more(queue, id, more)
  local place, rest = place_and_rest(more)
  local all = queue.put_off
  if all and (all.new[id] or (place or not queue.has_places) and (rest or not queue.has_more)) then
    return keep_put_off(queue, id, place, rest)
  end
  if queue.packed then
    queue.packed[id] = nil
  end
  if place then
    queue.has_places = true
    redis.call('HSET', queue.places, id, place)
  elseif queue.has_places then
    redis.call('HDEL', queue.places, id)
  end
  if rest then
    queue.has_more = true
    redis.call('HSET', queue.more, id, cmsgpack.pack(rest))
  elseif queue.has_more then
    redis.call('HDEL', queue.more, id)
  end
end
