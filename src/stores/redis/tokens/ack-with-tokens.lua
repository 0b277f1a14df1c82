-- Ends claims with these tokens: their events are removed.
-- KEYS    of the queue: claimed events claims
-- ARGV    queue (id, token)...
-- Returns the places, from 1, of the ids that were not claimed with their token

verbs.ack_with_tokens = function(from, to)
  local queue = queue_at(ARGV[from])
  -- Where a key has the wrong type this fails before anything is done.
  local events = redis.call('HLEN', queue.events)
  local ids, missed = end_claims_with_tokens(queue, from + 1, to)
  if #ids > 0 and redis.call('HDEL', queue.events, unpack(ids)) == events then
    shrank(queue)
  end
  return missed
end
