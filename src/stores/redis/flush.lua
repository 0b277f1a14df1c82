-- Removes all events of a queue, ready and claimed.
-- KEYS    deadlines, of the queue: ready claimed events
-- ARGV    queue
-- Returns how many of its keys were there

verbs.flush = function(from)
  local queue = queue_at(ARGV[from])
  redis.call('ZREM', deadlines_key, queue.name)
  return redis.call('UNLINK', queue.ready, queue.claimed, queue.events)
end
