-- Finds a queue with a ready event.
-- KEYS    of the queue: ready
-- ARGV    queue...
-- Returns the place, from 1, of the first queue that has one, or 0

verbs.ready = function(from, to)
  for at = from, to do
    if redis.call('EXISTS', queue_at(ARGV[at]).ready) == 1 then
      return at - from + 1
    end
  end
  return 0
end
