-- Finds a queue with an event that may be handed out.
-- KEYS    of the queue: ready front ranked turns
-- ARGV    queue...
-- Returns the place, from 1, of the first queue that has one, or 0

verbs.ready = function(from, to)
  for at = from, to do
    local queue = queue_at(ARGV[at])
    if are_ordered[queue.name] then
      open(queue)
      settle(queue)
    end
    local keys = { queue.ready, queue.front, RANKED .. queue.name, TURNS .. queue.name }
    if redis.call('EXISTS', unpack(keys)) > 0 then
      return at - from + 1
    end
  end
  return 0
end
