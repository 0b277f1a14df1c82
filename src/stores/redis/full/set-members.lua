-- Shows all members of a set.
-- KEYS    of the queue: events completed, set
-- ARGV    queue bytesMax (empty: any number)
-- Returns of each member its bytes; or -3 for the name of a queue, -4 if they have more bytes

verbs.set_members = function(from)
  local queue, most, bytes = queue_at(ARGV[from]), tonumber(ARGV[from + 1]) or math.huge, 0
  if is_of_queue(queue) then
    return WRONG_TYPE
  end
  local members = redis.call('SMEMBERS', SET .. queue.name)
  for _, member in ipairs(members) do
    bytes = bytes + #member
  end
  if bytes > most then
    return -4
  end
  reply_bytes = reply_bytes + bytes
  return members
end
