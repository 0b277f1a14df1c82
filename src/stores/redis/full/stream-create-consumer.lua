-- Notes a consumer of a group.
-- KEYS    of the queue: all, set
-- ARGV    queue group consumer
-- Returns what became of it: 1 if the group did not have it, or 0; -3 for a name of another kind, -7 if the group
--         is not there

verbs.stream_create_consumer = function(from)
  require_memory()
  local own, otherwise = group_at(from)
  if not own then
    return otherwise
  end
  local name, has_claims = ARGV[from + 2], false
  if not own.record then
    return 1
  elseif redis.call('HEXISTS', STREAM .. own.name, consumer_field(name)) == 1 then
    return 0
  end
  if redis.call('ZCARD', own.claimed) <= SEARCHED_CLAIMS then
    each_claim(own, function(_, _, record)
      has_claims = has_claims or worker_in(record) == name
    end)
  end
  note_consumer(own, name, false)
  return has_claims and 0 or 1
end
