-- Tells which members are in a set.
-- KEYS    of the queue: events completed, set
-- ARGV    queue member...
-- Returns of each member 1 or 0; or -3 for the name of a queue

verbs.set_contains = function(from, to)
  local queue, found = queue_at(ARGV[from]), {}
  if is_of_queue(queue) then
    return WRONG_TYPE
  end
  with_members('SMISMEMBER', SET .. queue.name, from + 1, to, function(are_there)
    for _, is_there in ipairs(are_there) do
      found[#found + 1] = is_there
    end
  end)
  return found
end
