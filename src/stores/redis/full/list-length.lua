-- Counts the ready events.
-- KEYS    of the queue: all, set
-- ARGV    queue
-- Returns how many there are; -3 for the name of a set

verbs.list_length = function(from)
  local queue = opened_at(ARGV[from])
  return is_of_set(queue) and WRONG_TYPE or ready_count(queue)
end
