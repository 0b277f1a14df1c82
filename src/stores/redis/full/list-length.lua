-- Counts the ready events.
-- KEYS    of the queue: all, set
-- ARGV    queue
-- Returns how many there are; -3 for a name of another kind

verbs.list_length = function(from)
  local queue = opened_at(ARGV[from])
  return is_no_list(queue) and WRONG_TYPE or ready_count(queue)
end
