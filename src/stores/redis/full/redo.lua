-- Ends claims and counts nothing: their events are ready again, at the right end, or delayed. Those
-- of cancelled ones are gone.
-- KEYS    of the queue: all
-- ARGV    queue (id, token, start)... (start as time_of takes it)
-- Returns of each 1, or 0 if that claim was not there

verbs.redo = function(from, to)
  local queue, replies = opened_at(ARGV[from]), {}
  for at = from + 1, to, 3 do
    local id = ARGV[at]
    local claim = claim_of(queue, id, ARGV[at + 1])
    if claim then
      redo_claim(queue, id, time_of(ARGV[at + 2]))
    end
    replies[#replies + 1] = claim and 1 or 0
  end
  return replies
end
