-- What the end of claims is for groups: their events are acknowledged.
-- KEYS    of the queue: groups places
-- ARGV    (none)
-- Returns nothing by itself

local function leave_groups(queue, ids)
  if #ids == 0 or not are_ordered[queue.name] then
    return
  end
  open(queue)
  local keys, gone = {}, {}
  for at, text in ipairs(redis.call('HMGET', queue.places, unpack(ids))) do
    local from = text and string.find(text, '=', 1, true)
    keys[#keys + 1] = from and string.sub(text, from) or nil
    gone[#gone + 1] = text and ids[at] or nil
  end
  if #gone > 0 then
    redis.call('HDEL', queue.places, unpack(gone))
    queue.has_left = true
  end
  if #keys > 0 then
    read_groups(queue, keys)
    queue.slice = nil
  end
  for _, key in ipairs(keys) do
    local record = queue.records[key]
    record.claimed = math.max(0, record.claimed - 1)
    note(queue, record)
  end
end

local end_unordered, end_unordered_with_tokens = end_claims, end_claims_with_tokens

local function end_claims(queue, first, last)
  local ids, missed = end_unordered(queue, first, last)
  leave_groups(queue, ids)
  return ids, missed
end

local function end_claims_with_tokens(queue, first, last)
  local ids, missed = end_unordered_with_tokens(queue, first, last)
  leave_groups(queue, ids)
  return ids, missed
end
