-- Takes up to count events that are next out; claims them, or with a lease of 0 removes them.
-- KEYS    timers, of the queue: ready claimed events front claims
-- ARGV    queue leaseMs count
-- Returns claim (the tick of the first one, those of the others follow) places (of the events
--         that were in front of the list, they come first), then id contents? (nil: large, to be
--         fetched while the event is claimed) for every event, or an empty list. They are fewer
--         than count when the queue ran out or when the batch's reply is long enough, which then
--         ends here

-- The next ones out, or an error, and the scores of those that were in front of the list.
local function take_next(queue, count)
  if queue.has_front then
    local scored = redis.call('ZPOPMIN', queue.front, count)
    if #scored > 0 then
      local ids, places = {}, {}
      for at = 1, #scored, 2 do
        ids[#ids + 1] = scored[at]
        places[#places + 1] = scored[at + 1]
      end
      return ids, places
    end
    queue.has_front = false
  end
  return redis.pcall('RPOP', queue.ready, count), {}
end

-- Their contents, or an error. Lua hashes every byte of a string, so large contents that okq can
-- fetch without it are true instead, and their bytes come with them. Most queues have small ones
-- only, so the first decides whether to look at each.
local function contents_of(queue, ids, lease)
  local is_fetchable = lease >= FETCHED_LEASE_MS_MIN
  local first_bytes = is_fetchable and redis.pcall('HSTRLEN', queue.events, ids[1]) or 0
  if type(first_bytes) == 'table' or first_bytes * #ids < FETCHED_BYTES_MIN then
    return redis.pcall('HMGET', queue.events, unpack(ids)), {}
  end
  local contents, bytes = {}, {}
  for at, id in ipairs(ids) do
    bytes[at] = redis.call('HSTRLEN', queue.events, id)
    contents[at] = bytes[at] >= LARGE_BYTES or redis.call('HMGET', queue.events, id)[1]
  end
  return contents, bytes
end

-- Fails after putting these ids back where they were.
local function put_back(queue, ids, places, failure)
  for at = #ids, 1, -1 do
    if places[at] then
      redis.call('ZADD', queue.front, places[at], ids[at])
    else
      redis.call('RPUSH', queue.ready, ids[at])
    end
  end
  error(failure)
end

local function note_lease(queue, ids, lease)
  local leases = {}
  for _, id in ipairs(ids) do
    leases[#leases + 1] = id
    leases[#leases + 1] = lease
  end
  will_have_extras(queue)
  return redis.pcall('HSET', queue.claims, unpack(leases))
end

-- Notes when the leases of these ids end; returns the tick of the first claim.
local function claim(queue, ids, places, lease)
  local first = take_ticks(#ids)
  -- The queue's deadline is a lower bound, so it does no harm without the claims.
  local deadline = now() + lease
  local bounded = redis.pcall('ZADD', timers_key, 'LT', 'CH', deadline, queue.name)
  if type(bounded) == 'table' then
    put_back(queue, ids, places, bounded)
  end
  if bounded == 1 then
    timers_changed = true
    earliest_added = math.min(earliest_added, deadline)
  end
  local noted = lease == USUAL_LEASE_MS or note_lease(queue, ids, lease)
  if type(noted) == 'table' then
    put_back(queue, ids, places, noted)
  end
  local claims = {}
  -- The last first: in a small set Redis looks for the place of each from the lowest score on.
  for at = #ids, 1, -1 do
    claims[#claims + 1] = first + at - 1 + lease * TICKS_PER_MS
    claims[#claims + 1] = ids[at]
  end
  local claimed = redis.pcall('ZADD', queue.claimed, unpack(claims))
  if type(claimed) == 'table' then
    if lease ~= USUAL_LEASE_MS then
      redis.call('HDEL', queue.claims, unpack(ids))
    end
    put_back(queue, ids, places, claimed)
  end
  return first
end

verbs.pop = function(from)
  local queue, lease = queue_at(ARGV[from]), tonumber(ARGV[from + 1])
  local left, popped, popped_ids, popped_places = tonumber(ARGV[from + 2]), { '', '' }, {}, {}
  queue.has_front = may_have_extras(queue)
  while left > 0 and reply_bytes < REPLY_BYTES_MAX do
    local ids, places = take_next(queue, math.min(left, POP_SLICE))
    if ids and ids.err and #popped_ids == 0 then
      error(ids)
    end
    -- Events that were in front of a list with an error are handed out; the next pop fails.
    if not ids or ids.err then
      break
    end
    local contents, bytes = contents_of(queue, ids, lease)
    if contents.err then
      put_back(queue, ids, places, contents)
    end
    for at, id in ipairs(ids) do
      -- Without contents (somebody deleted the hash) there is no event to hand out.
      if contents[at] then
        popped[#popped + 1] = id
        popped[#popped + 1] = contents[at] ~= true and contents[at]
        if contents[at] == true then
          leave_out(queue, id, popped, #popped)
        end
        reply_bytes = reply_bytes + (bytes[at] or #contents[at])
        popped_ids[#popped_ids + 1] = id
        popped_places[#popped_places + 1] = places[at]
        left = left - 1
      else
        shrank(queue)
      end
    end
    if lease == 0 then
      fill_in(queue, ids)
      redis.call('HDEL', queue.events, unpack(ids))
      shrank(queue)
    end
  end
  if #popped_ids == 0 then
    return {}
  end
  local first
  if lease > 0 then
    first = claim(queue, popped_ids, popped_places, lease)
  else
    first = take_ticks(#popped_ids)
  end
  popped[1], popped[2] = first, popped_places
  return popped
end
