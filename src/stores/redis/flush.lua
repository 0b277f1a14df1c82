-- Removes all events of a queue, ready and claimed.
-- KEYS    of the queue: ready claimed events
-- ARGV    queue
-- Returns how many of its keys were there

verbs.flush = function(from)
  local queue = queue_at(ARGV[from])
  shrank(queue)
  return redis.call('UNLINK', queue.ready, queue.claimed, queue.events)
end
