-- Removes all events but those between two indexes.
-- KEYS    of the queue: all, set
-- ARGV    queue index index
-- Returns 1 if they are gone; -3 for a name of another kind, -4 if these are too many

verbs.list_trim = function(from)
  local queue = opened_at(ARGV[from])
  if is_no_list(queue) then
    return WRONG_TYPE
  end
  local length = ready_count(queue)
  local first, last = span_of(length, tonumber(ARGV[from + 1]), tonumber(ARGV[from + 2]))
  if not first then
    first, last = length, length - 1
  end
  if not may_go(queue, length - (last - first + 1)) then
    return TOO_LARGE
  end
  local parts = parts_of(queue)
  local gone = ids_between(parts, 0, first - 1)
  for _, id in ipairs(ids_between(parts, last + 1, length - 1)) do
    gone[#gone + 1] = id
  end
  local begin, behind = span_of_list(parts)
  local from_left = math.max(0, math.min(first, behind) - begin)
  local from_right = math.max(0, behind - math.max(last + 1, begin))
  cut(queue, true, from_left)
  cut(queue, false, math.min(from_right, behind - begin - from_left))
  drop_ready(queue, gone)
  return 1
end
