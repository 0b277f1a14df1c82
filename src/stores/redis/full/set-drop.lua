-- Removes a set.
-- KEYS    sets, of the queue: all, set
-- ARGV    queue
-- Returns 1, or 0 if it was not there

verbs.set_drop = function(from)
  local queue = opened_for_set(ARGV[from])
  local dropped = redis.call('UNLINK', SET .. queue.name)
  redis.call('ZREM', SETS, queue.name)
  return dropped
end
