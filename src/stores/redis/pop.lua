-- Takes up to count events off the right end; claims them, or with a lease of 0 removes them.
-- KEYS    deadlines, of the queue: ready claimed events
-- ARGV    queue leaseMs count
-- Returns id contents id contents ..., fewer than count when the queue ran out or when the batch's
--         reply is long enough, which then ends here

-- Fails after putting popped ids back where they were; `step` is how far apart they stand.
local function unpop(queue, ids, step, failure)
  for place = #ids - step + 1, 1, -step do
    redis.call('RPUSH', queue.ready, ids[place])
  end
  error(failure)
end

verbs.pop = function(from)
  local queue, lease = queue_at(ARGV[from]), tonumber(ARGV[from + 1])
  local left, popped, claims = tonumber(ARGV[from + 2]), {}, {}
  while left > 0 and reply_bytes < REPLY_BYTES_MAX do
    local ids = redis.call('RPOP', queue.ready, math.min(left, POP_SLICE))
    if not ids then
      break
    end
    local contents = redis.pcall('HMGET', queue.events, unpack(ids))
    if contents.err then
      unpop(queue, ids, 1, contents)
    end
    for place, id in ipairs(ids) do
      -- Without contents (somebody deleted the hash) there is no event to hand out.
      if contents[place] then
        popped[#popped + 1] = id
        popped[#popped + 1] = contents[place]
        reply_bytes = reply_bytes + #contents[place]
        claims[#claims + 1] = now + lease
        claims[#claims + 1] = id
        left = left - 1
      else
        shrank(queue)
      end
    end
    if lease == 0 then
      redis.call('HDEL', queue.events, unpack(ids))
      shrank(queue)
    end
  end
  if lease > 0 and #claims > 0 then
    -- The queue's deadline is a lower bound, so it does no harm without the claims.
    local bounded = redis.pcall('ZADD', deadlines_key, 'LT', 'CH', now + lease, queue.name)
    if type(bounded) == 'table' then
      unpop(queue, popped, 2, bounded)
    end
    if bounded == 1 then
      deadlines_changed = true
      earliest_added = math.min(earliest_added, now + lease)
    end
    local claimed = redis.pcall('ZADD', queue.claimed, unpack(claims))
    if type(claimed) == 'table' then
      unpop(queue, popped, 2, claimed)
    end
  end
  return popped
end
