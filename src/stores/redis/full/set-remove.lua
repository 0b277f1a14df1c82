-- Removes members from a set.
-- KEYS    sets, of the queue: all, set
-- ARGV    queue member...
-- Returns how many were in it; -3 for the name of a queue

verbs.set_remove = function(from, to)
  local queue = opened_for_set(ARGV[from])
  if is_of_queue(queue) then
    return WRONG_TYPE
  end
  local removed = 0
  with_members('SREM', SET .. queue.name, from + 1, to, function(count)
    removed = removed + count
  end)
  forget_if_empty(queue)
  return removed
end
