-- Why nothing is handed out.
-- KEYS    of the queue: claimed grouped turns rate
-- ARGV    (none)
-- Returns nothing by itself

-- Why the queue hands out nothing now, whatever is ready; nil if that is not so.
local function reason_of_queue(queue)
  local most = limit_of(queue, 'max-claimed')
  if is_paused(queue, 'pause:out') then
    return 'paused'
  elseif most and redis.call('ZCARD', queue.claimed) >= most then
    return 'max-claimed'
  end
  return queue.rate and rates.room_in(queue) == 0 and 'rate' or nil
end

local function reason_of_group(queue, name)
  local room, reason = groups.room_of(groups.record_of(queue, name))
  return room == 0 and reason or nil
end

-- Why a ready event is not handed out, or nil.
local function reason_of(queue, more)
  return reason_of_queue(queue) or more.G and reason_of_group(queue, more.G)
end

-- Why no event is handed out, or nil.
local function reason_of_all(queue)
  local reason = reason_of_queue(queue)
  if reason or not queue.has_groups or free_count(queue) > 0 then
    return reason
  end
  local member = groups.first(queue)
  local more = member and more_of(queue, groups.id_in(member)) or {}
  return more.G and reason_of_group(queue, more.G)
end
