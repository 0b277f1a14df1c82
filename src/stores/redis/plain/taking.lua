-- How events leave the line for a pop, and are claimed.
-- KEYS    timers, of the queue: claimed events claims
-- ARGV    (none)
-- Returns nothing by itself

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

-- Fails after that.
local function give_up(queue, ids, places, failure)
  put_back(queue, ids, places, 1)
  error(failure)
end

-- Takes up to count events out of the line, and adds id and contents? of each to popped. With a
-- lease of 0 they are removed. Returns their ids, and the places of those that were in front of the
-- list.
local function take(queue, count, lease, popped)
  local all, all_places, length, taken = {}, {}, #popped, 0
  queue.has_front = may_have_extras(queue)
  while count > 0 and reply_bytes < REPLY_BYTES_MAX do
    local ids, places = take_next(queue, math.min(count, POP_SLICE), count)
    if ids and ids.err and taken == 0 then
      error(ids)
    end
    -- Events that were in front of a list with an error are handed out; the next pop fails.
    if not ids or ids.err then
      break
    end
    local contents, bytes = contents_of(queue, ids, lease)
    if contents.err then
      give_up(queue, ids, places, contents)
    end
    for at, id in ipairs(ids) do
      -- Without contents (somebody deleted the hash) there is no event to hand out.
      local value = contents[at]
      if value then
        taken, length, count = taken + 1, length + 2, count - 1
        popped[length - 1], popped[length] = id, value ~= true and value
        if value == true then
          leave_out(queue, id, popped, length)
        end
        reply_bytes = reply_bytes + (bytes[at] or #value)
        all[taken], all_places[taken] = id, places[at]
      else
        lose(queue, id)
      end
    end
    if lease == 0 then
      fill_in(queue, ids)
      redis.call('HDEL', queue.events, unpack(ids))
      shrank(queue)
    end
  end
  return all, all_places
end

-- Notes when the leases of these ids end; returns the tick of the first claim, those of the others
-- follow. records: of the ids, as HSET takes them; nil where the claims need none.
local function claim(queue, ids, places, lease, records)
  local first = take_ticks(#ids)
  -- The queue's deadline is a lower bound, so it does no harm without the claims.
  local bounded = note_due(queue, now() + lease)
  if type(bounded) == 'table' then
    give_up(queue, ids, places, bounded)
  end
  if records then
    will_have_extras(queue)
    local noted = redis.pcall('HSET', queue.claims, unpack(records))
    if type(noted) == 'table' then
      give_up(queue, ids, places, noted)
    end
  end
  local claims, count, deadline = {}, #ids, first + lease * TICKS_PER_MS
  -- The last first: in a small set Redis looks for the place of each from the lowest score on. As
  -- text, which Redis makes of other numbers in a slower way.
  for at = 1, count do
    claims[2 * at - 1] = string.format('%d', deadline + count - at)
    claims[2 * at] = ids[count - at + 1]
  end
  local claimed = redis.pcall('ZADD', queue.claimed, unpack(claims))
  if type(claimed) == 'table' then
    if records then
      redis.call('HDEL', queue.claims, unpack(ids))
    end
    give_up(queue, ids, places, claimed)
  end
  return first
end
