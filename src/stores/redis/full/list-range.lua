-- Shows the events between two indexes.
-- KEYS    of the queue: all, set
-- ARGV    queue index index
-- Returns of each its value; or -3 for a name of another kind, or -4 if they are too far from both ends, or too
--         many bytes

verbs.list_range = function(from)
  local queue, values = opened_at(ARGV[from]), {}
  if is_no_list(queue) then
    return WRONG_TYPE
  end
  local length = ready_count(queue)
  local first, last = span_of(length, tonumber(ARGV[from + 1]), tonumber(ARGV[from + 2]))
  if not first then
    return values
  elseif not may_go(queue, math.min(last + 1, length - first)) then
    return TOO_LARGE
  end
  local is_over = each_value(queue, ids_between(parts_of(queue), first, last), function(_, value)
    values[#values + 1] = value
    reply_bytes = reply_bytes + #value
  end)
  return is_over and TOO_LARGE or values
end
