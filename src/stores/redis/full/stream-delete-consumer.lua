-- Forgets a consumer of a group. Its events are ready again.
-- KEYS    of the queue: all, set
-- ARGV    queue group consumer
-- Returns how many claims it had; -3 for a name of another kind, -4 if the group has too many claims, -7 if it is
--         not there

verbs.stream_delete_consumer = function(from)
  local own, otherwise = group_at(from)
  if not own then
    return otherwise
  end
  local name, claims = ARGV[from + 2], {}
  local is_read = each_claim(own, function(id, begin, record)
    if worker_in(record) == name then
      claims[#claims + 1] = { id = id, begin = begin }
    end
  end)
  if not is_read then
    return TOO_LARGE
  elseif own.record then
    redis.call('HDEL', STREAM .. own.name, consumer_field(name))
  end
  return_claims(own, claims)
  return #claims
end
