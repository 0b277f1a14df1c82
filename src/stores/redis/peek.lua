-- Shows the event at one end of the ready ones.
-- KEYS    of the queue: ready events
-- ARGV    queue index (0 is the left end, -1 the right)
-- Returns id contents, or nil

verbs.peek = function(from)
  local queue = queue_at(ARGV[from])
  local id = redis.call('LINDEX', queue.ready, ARGV[from + 1])
  local contents = id and redis.call('HGET', queue.events, id)
  reply_bytes = reply_bytes + #(contents or '')
  return contents and { id, contents }
end
