-- Finds a queue with an event that may be handed out.
-- KEYS    of the queues: all
-- ARGV    queue...
-- Returns the place, from 1, of the first queue that has one, or 0

-- So many events are looked at. Where all of them have expired, the next ones count as ready: a pop
-- finds out, and a tick is due anyway.
local LOOKED_AT = 100

-- Whether an event is ready, and whether it has expired.
local function look_at_ready(queue, id)
  if state_of(queue, id) ~= 'ready' then
    return false, false
  end
  local expiry = expiry_of(queue, id, more_of(queue, id))
  return true, expiry and expiry <= now()
end

-- The next ones out of each part of the line.
local function looked_at(queue)
  local parts = { redis.call('ZRANGE', queue.front, 0, LOOKED_AT - 1), right_end(queue, LOOKED_AT) }
  if queue.has_ranked then
    local ids = {}
    for at, member in ipairs(redis.call('ZRANGE', RANKED .. queue.name, 0, LOOKED_AT - 1)) do
      ids[at] = ranked.id_in(member)
    end
    parts[#parts + 1] = ids
  end
  if queue.has_groups then
    parts[#parts + 1] = groups.some_free(queue, LOOKED_AT)
  end
  return parts
end

local function has_ready(queue)
  local most = limit_of(queue, 'max-claimed')
  local is_full = most and redis.call('ZCARD', queue.claimed) >= most
  if is_full or is_paused(queue, 'pause:out') or queue.rate and rates.room_in(queue) == 0 then
    return false
  elseif not queue.has_expires and not duration_of(queue, 'ttl') then
    return free_count(queue) > 0
  end
  local expired, count = {}, 0
  for _, ids in ipairs(looked_at(queue)) do
    for _, id in ipairs(ids) do
      local is_ready, is_expired = look_at_ready(queue, id)
      if is_ready and not is_expired then
        return true
      elseif is_ready and not expired[id] then
        expired[id], count = true, count + 1
      end
    end
  end
  return free_count(queue) > count
end

verbs.ready = function(from, to)
  for at = from, to do
    if has_ready(opened_at(ARGV[at])) then
      return at - from + 1
    end
  end
  return 0
end
