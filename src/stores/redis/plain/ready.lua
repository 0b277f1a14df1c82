-- Finds a queue with a ready event.
-- KEYS    of the queue: ready front
-- ARGV    queue...
-- Returns the place, from 1, of the first queue that has one, or 0

verbs.ready = function(from, to)
  for at = from, to do
    local queue = queue_at(ARGV[at])
    if redis.call('EXISTS', queue.ready, queue.front) > 0 then
      return at - from + 1
    end
  end
  return 0
end
