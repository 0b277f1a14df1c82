-- Shows all members of a set.
-- KEYS    of the queue: events completed, set
-- ARGV    queue
-- Returns of each member its bytes; or -1 for the name of a queue

verbs.set_members = function(from)
  local queue = queue_at(ARGV[from])
  if is_of_queue(queue) then
    return WRONG_TYPE
  end
  local members = redis.call('SMEMBERS', SET .. queue.name)
  for _, member in ipairs(members) do
    reply_bytes = reply_bytes + #member
  end
  return members
end
