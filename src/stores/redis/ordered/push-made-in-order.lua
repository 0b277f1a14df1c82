-- As push-in-order.lua, with ids that were never made before.
-- KEYS    counter, of the queue: events (and those of entering.lua)
-- ARGV    queue LEFT|RIGHT count contents... (then of each event its order, as there)
-- Returns time step, then place number for every run of events, as push-made.lua

verbs.push_made_in_order = function(from)
  require_memory()
  local queue, count = queue_at(ARGV[from]), tonumber(ARGV[from + 2])
  open(queue)
  local last = from + 2 + count
  local reply, ids = add_made(queue, from + 3, last)
  local orders = {}
  for at = 1, count do
    orders[at] = ARGV[last + at]
  end
  line_up_ordered(queue, ARGV[from + 1] == 'LEFT', ids, orders)
  return reply
end
