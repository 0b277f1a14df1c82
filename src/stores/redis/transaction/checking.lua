-- What a transaction asks of each of its queues before it begins, where none is rare: they take all
-- pushes. A key of the wrong type fails it before anything is done.
-- KEYS    queues timers counter, of the queue: ready claimed events front claims
-- ARGV    (none)
-- Returns nothing by itself

local function prepare(queue)
  if queue.is_checked then
    return
  end
  redis.call('LLEN', queue.ready)
  for _, key in ipairs({ queue.events, queue.claims, COUNTER }) do
    redis.call('HLEN', key)
  end
  for _, key in ipairs({ queue.claimed, queue.front, queues_key, timers_key }) do
    redis.call('ZCARD', key)
  end
  queue.is_checked = true
end

-- None of these queues has counters.
local function judge_counters() end
