-- Removes a counter.
-- KEYS    queues timers, of the queue: all
-- ARGV    queue key
-- Returns 1, or 0 if it was not there

verbs.drop_counter = function(from)
  make_counters()
  local queue, key = opened_at(ARGV[from]), ARGV[from + 1]
  local is_there = counters.of(queue, key) ~= nil
  counters.drop(queue, key)
  return is_there and 1 or 0
end
