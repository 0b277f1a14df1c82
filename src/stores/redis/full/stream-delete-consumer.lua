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
  local name = ARGV[from + 2]
  local claims = claims_of_worker(own, name)
  if not claims then
    return TOO_LARGE
  elseif own.record then
    redis.call('HDEL', STREAM .. own.name, consumer_field(name))
  end
  return_claims(own, claims)
  return #claims
end
