-- Ends the claims on events: they are gone, or go back to the right end.
-- KEYS    of the queue: ready claimed events
-- ARGV    queue DONE|REDO id...
-- Returns the places, from 1, of the ids that were not claimed

verbs.ack = function(from, to)
  local queue, redo = queue_at(ARGV[from]), ARGV[from + 1] == 'REDO'
  local deadlines = redis.call('ZMSCORE', queue.claimed, unpack(ARGV, from + 2, to))
  local seen, ids, missed = {}, {}, {}
  for place, deadline in ipairs(deadlines) do
    local id = ARGV[from + 1 + place]
    if deadline and not seen[id] then
      seen[id] = true
      ids[#ids + 1] = id
    else
      missed[#missed + 1] = place
    end
  end
  if #ids == 0 then
    return missed
  end
  if redo then
    redis.call('RPUSH', queue.ready, unpack(ids))
    became_ready(queue, #ids)
  else
    redis.call('HDEL', queue.events, unpack(ids))
    shrank(queue)
  end
  redis.call('ZREM', queue.claimed, unpack(ids))
  return missed
end
