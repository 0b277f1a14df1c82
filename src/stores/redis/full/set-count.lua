-- Counts the members of a set.
-- KEYS    of the queue: events completed, set
-- ARGV    queue
-- Returns how many there are; -3 for the name of a queue

verbs.set_count = function(from)
  local queue = queue_at(ARGV[from])
  return is_of_queue(queue) and WRONG_TYPE or redis.call('SCARD', SET .. queue.name)
end
