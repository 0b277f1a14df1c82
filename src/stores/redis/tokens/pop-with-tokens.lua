-- As plain/pop.lua, of pops whose claims have tokens, in their order.
-- KEYS    of the queue: (those of taking.lua and claiming.lua)
-- ARGV    queue leaseMs count claimant... (the claimant of each pop, but none with a lease of 0;
--         pops with another lease follow in the same way, from their lease on)
-- Returns claim places (both as in plain/pop.lua) time number step (the tokens of those that are
--         claimed are "<time>-<number>", each number by one step more than the one before), then
--         id contents? for every event, or an empty list. They are fewer than the pops where the
--         queue ran out or when the batch's reply is long enough, which then ends here

verbs.pop_with_tokens = function(from, to)
  local queue, popped, at = queue_at(ARGV[from]), new_popped(), from + 1
  read_counter()
  while at <= to and (popped[1] == 0 or may_pop_more(queue)) do
    local lease, count = ARGV[at], tonumber(ARGV[at + 1])
    local ids, places = take(queue, count, tonumber(lease), popped)
    if #ids > 0 then
      claim_popped(queue, ids, places, lease, popped, at + 2, false)
    end
    at = at + 2 + (lease == '0' and 0 or count)
  end
  return popped[1] ~= 0 and popped or {}
end
