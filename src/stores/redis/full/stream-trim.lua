-- Removes the oldest ready events of each queue of the tree of a stream.
-- KEYS    of the queues: all, set
-- ARGV    queue LENGTH|FROM bound slack most (as those of stream_add)
-- Returns how many have gone from the queue itself; -3 for a name of another kind

verbs.stream_trim = function(from)
  local queue = opened_at(ARGV[from])
  if is_no_stream(queue) then
    return WRONG_TYPE
  end
  return trim_tree(queue, trim_terms(from + 1))
end
