-- As pop-batch.lua of events that are removed, from the first of these lists that has any.
-- KEYS    of each queue: stream (and those of pop-batch.lua)
-- ARGV    count leaseMs claimant bytes queue...
-- Returns for each queue that had some what pop_batch does; -3 if a stream comes first

verbs.list_pop = function(from, to)
  local last = to
  for at = to, from + 4, -1 do
    local is_stream = redis.call('HLEN', STREAM .. queue_at(ARGV[at]).name) > 0
    last = is_stream and at - 1 or last
  end
  local replies = last >= from + 4 and verb_named('pop_batch')(from, last) or {}
  return #replies == 0 and last < to and -3 or replies
end
