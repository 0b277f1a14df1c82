-- As pop.lua of events that are removed, from a list.
-- KEYS    of the queue: stream (and those of taking.lua)
-- ARGV    queue leaseMs count
-- Returns claim places, then id contents? for every event, or an empty list, all as pop.lua; -3 for a stream

verbs.pop_right = function(from, to)
  if redis.call('HLEN', STREAM .. queue_at(ARGV[from]).name) > 0 then
    return -3
  end
  return verb_named('pop')(from, to)
end
