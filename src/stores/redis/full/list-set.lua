-- Gives the event at an index other contents.
-- KEYS    of the queue: all, set
-- ARGV    queue index contents
-- Returns 1, 0 or nil (0: there is no such index; nil: the list is empty), or -3 for a name of another kind, -4
--         if it is too far from both ends

verbs.list_set = function(from)
  require_memory()
  local queue, index = opened_at(ARGV[from]), tonumber(ARGV[from + 1])
  if is_no_list(queue) then
    return WRONG_TYPE
  end
  local length = ready_count(queue)
  index = index < 0 and length + index or index
  if length == 0 then
    return false
  elseif index < 0 or index >= length then
    return 0
  elseif not may_go(queue, math.min(index + 1, length - index)) then
    return TOO_LARGE
  end
  local id = ids_between(parts_of(queue), index, index)[1]
  local value = id and redis.call('HGET', queue.events, id)
  if value then
    redis.call('HSET', queue.events, id, with_contents(value, ARGV[from + 2]))
  end
  return value and 1 or 0
end
