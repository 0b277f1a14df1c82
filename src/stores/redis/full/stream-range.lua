-- Shows entries of a stream between two places.
-- KEYS    of the queue: all, set
-- ARGV    queue from to count FORWARD|REVERSE
-- Returns a list of the id and the value of each; -3 for a name of another kind, -4 if too many events had to be
--         looked at, or there are too many bytes

verbs.stream_range = function(from)
  local queue = opened_at(ARGV[from])
  if is_no_stream(queue) then
    return WRONG_TYPE
  end
  local first, last = place_of_id(ARGV[from + 1]), place_of_id(ARGV[from + 2])
  local ids, shown = entries_between(queue, first, last, tonumber(ARGV[from + 3]), ARGV[from + 4] == 'REVERSE'), {}
  local is_over = not ids or each_value(queue, ids, function(at, value)
    shown[#shown + 1] = ids[at]
    shown[#shown + 1] = value
    reply_bytes = reply_bytes + #value
  end)
  return is_over and TOO_LARGE or shown
end
