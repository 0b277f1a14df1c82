-- Ends claims: their events are removed (DONE), or put back at the right end of the line (REDO).
-- KEYS    of the queue: claimed events front leases
-- ARGV    queue DONE|REDO id...
-- Returns the places, from 1, of the ids that were not claimed

verbs.ack = function(from, to)
  local queue, redo = queue_at(ARGV[from]), ARGV[from + 1] == 'REDO'
  -- Where a key has the wrong type this fails before anything is done.
  local events = redis.call('HLEN', queue.events)
  if redo then
    redis.call('ZCARD', queue.front)
  end
  if may_have_extras(queue) then
    redis.call('HDEL', queue.leases, unpack(ARGV, from + 2, to))
  end
  local ids, missed = {}, {}
  for at = from + 2, to do
    -- One by one: the scores of many would have to be written as text to see which are there.
    if redis.call('ZREM', queue.claimed, ARGV[at]) == 1 then
      ids[#ids + 1] = ARGV[at]
    else
      missed[#missed + 1] = at - from - 1
    end
  end
  if #ids == 0 then
    return missed
  end
  fill_in(queue, ids)
  if redo then
    will_have_extras(queue)
    redis.call('ZADD', queue.front, unpack(at_right_end(ids)))
    became_ready(queue, #ids)
    return missed
  end
  if redis.call('HDEL', queue.events, unpack(ids)) == events then
    shrank(queue)
  end
  return missed
end
