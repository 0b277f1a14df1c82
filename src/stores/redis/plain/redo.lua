-- Ends claims: their events are ready again, at the right end of the line.
-- KEYS    of the queue: claimed events front claims
-- ARGV    queue id...
-- Returns the places, from 1, of the ids that were not claimed

-- ends: end_claims, or what ends claims that ARGV gives in another form.
verbs.redo = function(from, to, ends)
  local queue = queue_at(ARGV[from])
  -- Where a key has the wrong type these fail before anything is done.
  redis.call('HLEN', queue.events)
  redis.call('ZCARD', queue.front)
  local ids, missed = (ends or end_claims)(queue, from + 1, to)
  if #ids > 0 then
    will_have_extras(queue)
    redis.call('ZADD', queue.front, unpack(at_right_end(ids)))
    became_ready(queue, #ids)
  end
  return missed
end
