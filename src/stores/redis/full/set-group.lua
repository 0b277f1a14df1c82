-- Gives a group a limit or a rate of its own.
-- KEYS    queues timers, of the queue: all
-- ARGV    queue group (name, value)... (value behind "=", or empty to take it back)
-- Returns 1, or 0 if too many groups have something of their own

verbs.set_group = function(from, to)
  local queue = opened_at(ARGV[from])
  local is_done = change_own(queue, ARGV[from + 1], function(own)
    for at = from + 2, to, 2 do
      own[ARGV[at]] = given(ARGV[at + 1])
    end
  end)
  return is_done and 1 or 0
end
