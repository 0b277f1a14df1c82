-- As push-in-order.lua, with ids that were never made before.
-- KEYS    counter, of the queue: events (and those of entering.lua)
-- ARGV    queue LEFT|RIGHT count contents... (then of each event priority and group, as there)
-- Returns time step, then place number for every run of events, as push-made.lua

verbs.push_made_in_order = function(from)
  require_memory()
  local queue, count = queue_at(ARGV[from]), tonumber(ARGV[from + 2])
  open(queue)
  local last, priorities = from + 2 + count, {}
  local reply, ids = add_made(queue, from + 3, last)
  for at = 1, count do
    priorities[at] = last + 2 * at - 1
  end
  line_up_ordered(queue, ARGV[from + 1] == 'LEFT', ids, priorities)
  return reply
end
