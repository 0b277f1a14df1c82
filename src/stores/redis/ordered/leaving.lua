-- Acknowledged events leave their groups.
-- KEYS    of the queue: groups places
-- ARGV    (none)
-- Returns nothing by itself

-- Fails before a claim has ended.
local function open_if_ordered(queue)
  if are_ordered[queue.name] then
    open(queue)
  end
end

local function leave_groups(queue, ids)
  if #ids == 0 or not are_ordered[queue.name] then
    return
  end
  queue.has_left = true
  if queue.has_groups then
    local keys, count = {}, 0
    for _, place in ipairs(redis.call('HMGET', queue.places, unpack(ids))) do
      local from = place and string.find(place, '=', 9, true)
      if from then
        count = count + 1
        keys[count] = string.sub(place, from)
      end
    end
    read_groups(queue, keys)
    queue.slice = nil
    for at = 1, count do
      local record = queue.records[keys[at]]
      if record[OF_CLAIMED] > 0 then
        record[OF_CLAIMED] = record[OF_CLAIMED] - 1
      end
      note(queue, record)
    end
  end
  redis.call('HDEL', queue.places, unpack(ids))
end

-- What ends claims, for events that leave their groups then.
local function leaving(ends)
  return function(queue, first, last)
    open_if_ordered(queue)
    local ids, missed = ends(queue, first, last)
    leave_groups(queue, ids)
    return ids, missed
  end
end

local end_claims, end_claims_with_tokens = leaving(end_claims), leaving(end_claims_with_tokens)
