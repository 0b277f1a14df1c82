-- Takes up to count events of these queues, first from the first one.
-- KEYS    timers, of the queues: all
-- ARGV    count leaseMs|- claimant bytes queue...
-- Returns of each event the place, from 1, of its queue, and what popped_one answers; or only a refusal

verbs.pop_batch = function(from, to)
  local left, wanted, claimant = tonumber(ARGV[from]), tonumber(ARGV[from + 1]), ARGV[from + 2]
  local bytes, replies = tonumber(ARGV[from + 3]), {}
  for at = from + 4, to do
    opened_at(ARGV[at])
  end
  for at = from + 4, to do
    local queue, popped = queue_at(ARGV[at]), true
    local refusal
    putting_off(queue, function()
      begin_pops(queue, left)
      while popped and left > 0 and bytes >= 0 do
        popped = popped_one(queue, wanted, claimant, false)
        if popped and type(popped[1]) == 'number' then
          refusal = popped
          return
        elseif popped then
          left = left - 1
          bytes = bytes - #popped[2] + head_of(popped[2])
          replies[#replies + 1] = at - from - 3
          replies[#replies + 1] = popped
        end
      end
    end)
    if refusal then
      is_refused = #replies == 0
      return #replies > 0 and replies or refusal
    elseif not popped and queue.is_behind then
      return #replies > 0 and replies or again()
    end
  end
  return replies
end
