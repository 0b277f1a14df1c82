-- Pushes events with priorities or groups. Each is there as a whole or not at all.
-- KEYS    of the queue: events (and those of entering.lua)
-- ARGV    queue LEFT|RIGHT (id, contents, priority, group)... (group behind "=", or nothing)
-- Returns the places, from 1, of the events refused because their id is ready or claimed

verbs.push_in_order = function(from, to)
  require_memory()
  local queue, fresh, priorities, duplicates = queue_at(ARGV[from]), {}, {}, {}
  open(queue)
  for at = from + 2, to, 4 do
    if redis.call('HSETNX', queue.events, ARGV[at], ARGV[at + 1]) == 1 then
      fresh[#fresh + 1] = ARGV[at]
      priorities[#priorities + 1] = at + 2
    else
      duplicates[#duplicates + 1] = (at - from + 2) / 4
    end
  end
  if #fresh > 0 then
    line_up_ordered(queue, ARGV[from + 1] == 'LEFT', fresh, priorities)
  end
  return duplicates
end
