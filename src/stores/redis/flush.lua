-- Removes all events of a queue, ready and claimed.
-- KEYS    of the queue: ready claimed events front claims
-- ARGV    queue
-- Returns how many of its keys were there

verbs.flush = function(from)
  local queue = queue_at(ARGV[from])
  local ids = {}
  for id in pairs(left_out[queue.name] or {}) do
    ids[#ids + 1] = id
  end
  fill_in(queue, ids)
  shrank(queue)
  local keys = { queue.ready, queue.claimed, queue.events, queue.front, queue.claims }
  return redis.call('UNLINK', unpack(keys))
end
