-- Takes up to count events that are last out, and removes them.
-- KEYS    of the queue: ready events front stream
-- ARGV    queue count
-- Returns claim (a tick of its own for each, this is the first one), then id contents for every event,
--         or an empty list; -3 for a stream. They are fewer than count when the queue ran out or when the batch's reply
--         is long enough, which then ends here

-- Up to so many ids from the left end on.
local function last_out(queue, count)
  local ids = redis.call('LPOP', queue.ready, count)
  if ids or not may_have_extras(queue) then
    return ids or {}
  end
  local scored = redis.call('ZPOPMAX', queue.front, count)
  ids = {}
  for at = 1, #scored, 2 do
    ids[#ids + 1] = scored[at]
  end
  return ids
end

verbs.pop_left = function(from)
  local queue, left, popped = queue_at(ARGV[from]), tonumber(ARGV[from + 1]), { 0 }
  -- Where a key has the wrong type these fail before anything is done.
  redis.call('HLEN', queue.events)
  redis.call('ZCARD', queue.front)
  if redis.call('HLEN', STREAM .. queue.name) > 0 then
    return -3
  end
  while left > 0 and reply_bytes < REPLY_BYTES_MAX do
    local ids = last_out(queue, math.min(left, POP_SLICE))
    if #ids == 0 then
      break
    end
    for at, value in ipairs(redis.call('HMGET', queue.events, unpack(ids))) do
      -- Without contents (somebody deleted the hash) there is no event to hand out.
      if value then
        popped[#popped + 1], popped[#popped + 2] = ids[at], value
        reply_bytes, left = reply_bytes + #value, left - 1
      end
    end
    redis.call('HDEL', queue.events, unpack(ids))
    shrank(queue)
  end
  local count = (#popped - 1) / 2
  popped[1] = count > 0 and take_ticks(count)
  return count > 0 and popped or {}
end
