-- Pushes events with priorities or groups. Each is there as a whole or not at all.
-- KEYS    of the queue: events (and those of entering.lua)
-- ARGV    queue LEFT|RIGHT (id, contents, order)... (order: the priority, or nothing for
--         0, and behind it "=" and the group, or nothing)
-- Returns the places, from 1, of the events refused because their id is ready or claimed

verbs.push_in_order = function(from, to)
  require_memory()
  local queue, fresh, orders, duplicates = queue_at(ARGV[from]), {}, {}, {}
  open(queue)
  for at = from + 2, to, 3 do
    if redis.call('HSETNX', queue.events, ARGV[at], ARGV[at + 1]) == 1 then
      fresh[#fresh + 1] = ARGV[at]
      orders[#orders + 1] = ARGV[at + 2]
    else
      duplicates[#duplicates + 1] = (at - from + 1) / 3
    end
  end
  if #fresh > 0 then
    line_up_ordered(queue, ARGV[from + 1] == 'LEFT', fresh, orders)
  end
  return duplicates
end
