-- Counts the ready events.
-- KEYS    of the queue: ready front
-- ARGV    queue
-- Returns how many there are

verbs.list_length = function(from)
  local queue = queue_at(ARGV[from])
  local length = redis.call('LLEN', queue.ready)
  return may_have_extras(queue) and length + redis.call('ZCARD', queue.front) or length
end
