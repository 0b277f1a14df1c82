-- As full/stream-add.lua, of events that get the next ids.
-- KEYS    queues counter lists, of the queue: ready claimed events front stream
-- ARGV    queue KEEP|LENGTH bound slack most value...
-- Returns a list of time step place number as push-made.lua does, or of each event its id, or -6 if there is no
--         greater one; -3 for a list

-- Adds them all, if the numbers are usual and none of the ids is there: returns the ms, the first seq and the
-- step to the next one.
local function add_behind(queue, last, from, to, ids)
  local ms, seq = string.match(last, '^(%d+)-(%d+)$')
  if not ms or #ms > 15 or #seq > 15 then
    return nil
  end
  ms, seq = tonumber(ms), tonumber(seq) + 1
  local number, step = take_numbers(to - from + 1)
  if made_ms > ms or (made_ms == ms and number >= seq) then
    ms, seq = made_ms, number
  else
    step = 1
  end
  local form, added = string.format('%.0f-', ms) .. '%d', {}
  for at = from, to do
    local id = string.format(form, seq + (at - from) * step)
    ids[at - from + 1], added[2 * (at - from) + 1], added[2 * (at - from) + 2] = id, id, ARGV[at]
  end
  for _, known in ipairs(redis.call('HMGET', queue.events, unpack(ids))) do
    if known then
      return nil
    end
  end
  redis.call('HSET', queue.events, unpack(added))
  return ms, seq, step
end

-- Adds one after the other. Returns of each its id or -6, and the latest id.
local function add_each(queue, latest, from, to, ids)
  local streams, replies = make_streams(), {}
  local place = streams.place_of_id(latest)
  for at = from, to do
    local step, id = 1, nil
    local next_one = streams.place_behind(place)
    while next_one and not id do
      id = streams.id_of_place(next_one)
      if redis.call('HSETNX', queue.events, id, ARGV[at]) == 0 then
        next_one, step, id = streams.place_after(next_one, step), math.min(2 * step, 1024), nil
      end
    end
    place = next_one or place
    ids[#ids + 1] = id
    replies[#replies + 1] = id or -6
  end
  return replies, streams.id_of_place(place)
end

-- Drops what is to go when so many have entered one after the other: see stream-line.lua.
local function trim(queue, entered, bound, slack, most)
  local ready = redis.call('LLEN', queue.ready)
  queue.has_front = may_have_extras(queue)
  ready = (queue.has_front and ready + redis.call('ZCARD', queue.front) or ready) - entered
  local length, gone = ready + redis.call('ZCARD', queue.claimed), 0
  for _ = 1, entered do
    ready, length = ready + 1, length + 1
    local count = math.min(length - bound, ready, most)
    if count > 0 and count >= slack then
      ready, length, gone = ready - count, length - count, gone + count
    end
  end
  while gone > 0 do
    local ids = take_next(queue, math.min(gone, 1000))
    redis.call('HDEL', queue.events, unpack(ids))
    gone = gone - #ids
    shrank(queue)
  end
end

verbs.stream_add = function(from, to)
  require_memory()
  local queue, ids, reply = queue_at(ARGV[from]), {}, nil
  local key = STREAM .. queue.name
  local last, added = unpack(redis.call('HMGET', key, 'last', 'added'), 1, 2)
  local is_stream, latest = last, last
  read_counter()
  -- Where a key has the wrong type these fail before anything is done.
  redis.call('LLEN', queue.ready)
  redis.call('ZCARD', queue.claimed)
  redis.call('ZCARD', queue.front)
  if not last then
    if is_list(queue) then
      return -3
    end
    is_stream = redis.call('HLEN', queue.events) == 0
    latest = is_stream and '0-0' or make_streams().latest_of(queue)
  end
  local ms, seq, step = add_behind(queue, latest, from + 5, to, ids)
  if ms then
    reply, latest = { ms, step, 1, seq }, ids[#ids]
  else
    ids = {}
    reply, latest = add_each(queue, latest, from + 5, to, ids)
  end
  if #ids > 0 then
    line_up(queue, true, ids)
  end
  if is_stream then
    redis.call('HSET', key, 'last', latest, 'added', (tonumber(added) or 0) + #ids)
    if not last then
      redis.call('SREM', LISTS, queue.name)
    end
  end
  if ARGV[from + 1] == 'LENGTH' then
    trim(queue, #ids, tonumber(ARGV[from + 2]), tonumber(ARGV[from + 3]), tonumber(ARGV[from + 4]))
  end
  return reply
end
