-- Counts a member down, unless its counter has counted it.
-- KEYS    queues timers counter, of the queue: all
-- ARGV    queue key member
-- Returns how many are left, nil without a counter, or a list of -1 or -2 and the name of a queue that
--         refuses the event of the counter

verbs.count_down = function(from)
  make_counters()
  local queue = opened_at(ARGV[from])
  local part = { queue.name, ARGV[from + 1], ARGV[from + 2] }
  local refusal = not queue.is_judged and counters.refusal({ part })
  if refusal then
    is_refused = true
    return refusal
  end
  return (counters.count(part)) or false
end
