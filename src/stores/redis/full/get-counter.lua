-- Shows a counter.
-- KEYS    of the queue: counters
-- ARGV    queue key
-- Returns how many are left, or nil

verbs.get_counter = function(from)
  make_counters()
  local counter = counters.of(queue_at(ARGV[from]), ARGV[from + 1])
  return counter and counter.left or false
end
