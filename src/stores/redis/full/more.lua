-- The record of an event: its rare facts, see events.lua. Those of its place in the line are in the hash
-- "places", the others packed in the hash "more". The place of an event with a priority (n) is what its
-- member in "ranked" begins with. That of one with a group (G) is its rank (R) as 8 bytes, its priority,
-- or nothing, "k" if it was claimed before, "=" and the group. In front of the "k", or at the end, may
-- stand ":" and the tick at which the event came back to a state. All of other events is in "more".
-- KEYS    of the queue: events more places
-- ARGV    (none)
-- Returns nothing by itself

-- The table in a packed text; an empty one if there is none, or another program wrote it.
local function unpacked(packed)
  local ok, value = pcall(cmsgpack.unpack, packed or '')
  return ok and type(value) == 'table' and value or {}
end

-- The facts that stand there, if the event has a place there; v only then.
local PLACED = { G = true, R = true, k = true, n = true, q = true, v = true }

local function place_of(more)
  local since = more.v and string.format(':%.0f', more.v) or ''
  if more.G then
    local rank = struct.pack('>d', more.R or 0)
    return rank .. (more.n or '') .. since .. (more.k and 'k=' or '=') .. more.G
  end
  make_ranked()
  return ranked.prefix(more.n, more.q) .. since
end

-- The place of a record, and what else is in it, each nil for nothing.
local function place_and_rest(more)
  if not more.G and not more.n then
    return nil, next(more) ~= nil and more or nil
  end
  local rest
  for name, value in pairs(more) do
    if not PLACED[name] then
      rest = rest or {}
      rest[name] = value
    end
  end
  return place_of(more), rest
end

-- Adds to a record what its place tells. Bytes of a rank begin with no digit.
local function read_place(more, place)
  if string.find(place, '^%d') then
    make_ranked()
    more.n, more.q = ranked.order_of(place)
    more.v = tonumber(string.match(place, ':(%d+)$')) or more.v
  elseif #place > 8 then
    local priority, since, again, group = string.match(place, '^(%-?%d*):?(%d*)(k?)=(.*)$', 9)
    local rank = struct.unpack('>d', place)
    more.n, more.v, more.G = tonumber(priority), tonumber(since) or more.v, group
    more.R, more.k = rank > 0 and rank or nil, again == 'k' and 1 or nil
  end
end

-- Reads many events at once. Keeps their packed records, their places and their values by id.
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
