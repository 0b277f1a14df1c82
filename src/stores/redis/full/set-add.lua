-- Adds members to a set.
-- KEYS    sets, of the queue: all, set
-- ARGV    queue member...
-- Returns how many were not in it; -3 for the name of a queue, -2 if it would have too many, -1 if there
--         are too many sets

verbs.set_add = function(from, to)
  require_memory()
  local queue = opened_for_set(ARGV[from])
  if is_of_queue(queue) then
    return WRONG_TYPE
  end
  local key, added, is_new = SET .. queue.name, {}, {}
  local count = redis.call('SCARD', key)
  with_members('SMISMEMBER', key, from + 1, to, function(are_there, first)
    for at, is_there in ipairs(are_there) do
      local member = ARGV[first + at - 1]
      if is_there == 0 and not is_new[member] then
        is_new[member] = true
        added[#added + 1] = member
      end
    end
  end)
  if count + #added > SET_MEMBERS_MAX then
    return -2
  elseif count == 0 and redis.call('ZCARD', SETS) >= SETS_MAX then
    return -1
  end
  redis.call('ZADD', SETS, 0, queue.name)
  in_slices('SADD', key, added)
  return #added
end
