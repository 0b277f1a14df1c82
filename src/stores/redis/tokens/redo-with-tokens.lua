-- Ends claims with these tokens: their events are ready again, at the right end of the line.
-- KEYS    of the queue: claimed events front claims
-- ARGV    queue (id, token)...
-- Returns the places, from 1, of the ids that were not claimed with their token

verbs.redo_with_tokens = function(from, to)
  local queue = queue_at(ARGV[from])
  -- Where a key has the wrong type these fail before anything is done.
  redis.call('HLEN', queue.events)
  redis.call('ZCARD', queue.front)
  local ids, missed = end_claims_with_tokens(queue, from + 1, to)
  if #ids > 0 then
    will_have_extras(queue)
    redis.call('ZADD', queue.front, unpack(at_right_end(ids)))
    became_ready(queue, #ids)
  end
  return missed
end
