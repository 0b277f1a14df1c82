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

local end_unordered, end_unordered_with_tokens = end_claims, end_claims_with_tokens

local function end_claims(queue, first, last)
  open_if_ordered(queue)
  local ids, missed = end_unordered(queue, first, last)
  leave_groups(queue, ids)
  return ids, missed
end

local function end_claims_with_tokens(queue, first, last)
  open_if_ordered(queue)
  local ids, missed = end_unordered_with_tokens(queue, first, last)
  leave_groups(queue, ids)
  return ids, missed
end
