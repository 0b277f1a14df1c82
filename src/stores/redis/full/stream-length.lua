-- Counts the entries of a stream.
-- KEYS    of the queue: all, set
-- ARGV    queue
-- Returns a list of how many there are and the latest id; -3 for a name of another kind

verbs.stream_length = function(from)
  local queue = opened_at(ARGV[from])
  if is_no_stream(queue) then
    return WRONG_TYPE
  end
  local latest = latest_place(queue)
  return latest and { entry_count(queue), id_of_place(latest) } or again()
end
