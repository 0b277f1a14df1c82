-- Counts the ready events.
-- KEYS    of the queue: ready front stream
-- ARGV    queue
-- Returns how many there are; -3 for a stream

verbs.list_length = function(from)
  local queue = queue_at(ARGV[from])
  if redis.call('HLEN', STREAM .. queue.name) > 0 then
    return -3
  end
  local length = redis.call('LLEN', queue.ready)
  return may_have_extras(queue) and length + redis.call('ZCARD', queue.front) or length
end
