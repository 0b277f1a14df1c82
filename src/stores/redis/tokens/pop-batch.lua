-- Pops up to count events of these queues, first from the first one.
-- KEYS    of each queue: (those of taking.lua, taking-within.lua and claiming.lua)
-- ARGV    count leaseMs claimant bytes (with more contents it stops) queue...
-- Returns for each queue that had some its place, from 1, and a list as pop_with_tokens returns it

verbs.pop_batch = function(from, to)
  local left, lease, bytes = tonumber(ARGV[from]), ARGV[from + 1], tonumber(ARGV[from + 3])
  local replies = {}
  read_counter()
  for at = from + 4, to do
    local queue, popped, ids, places = queue_at(ARGV[at]), new_popped(), nil, nil
    if #replies > 0 and not may_pop_more(queue) then
      break
    end
    ids, places, bytes = take_within(queue, left, lease, popped, bytes)
    if #ids > 0 then
      claim_popped(queue, ids, places, lease, popped, from + 2, true)
      left = left - #ids
      replies[#replies + 1] = at - from - 3
      replies[#replies + 1] = popped
    end
  end
  return replies
end
