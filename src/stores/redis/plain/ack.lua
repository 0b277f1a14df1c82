-- Ends claims: their events are removed.
-- KEYS    of the queue: claimed events claims
-- ARGV    queue id...
-- Returns the places, from 1, of the ids that were not claimed

-- ends: end_claims, or what ends claims that ARGV gives in another form.
verbs.ack = function(from, to, ends)
  local queue = queue_at(ARGV[from])
  -- Where a key has the wrong type this fails before anything is done.
  local events = redis.call('HLEN', queue.events)
  local ids, missed = (ends or end_claims)(queue, from + 1, to)
  if #ids > 0 and redis.call('HDEL', queue.events, unpack(ids)) == events then
    shrank(queue)
  end
  return missed
end
