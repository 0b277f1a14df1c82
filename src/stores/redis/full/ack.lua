-- Ends claims: their events are gone, or completed.
-- KEYS    of the queue: all
-- ARGV    queue (id, token, result)... (token empty: any; result behind "=", or empty)
-- Returns of each 1, or 0 if that claim was not there

verbs.ack = function(from, to)
  local queue, replies = opened_at(ARGV[from]), {}
  for at = from + 1, to, 3 do
    local id = ARGV[at]
    local claim = claim_of(queue, id, ARGV[at + 1])
    if claim then
      end_claim(queue, id, given(ARGV[at + 2]))
    end
    replies[#replies + 1] = claim and 1 or 0
  end
  return replies
end
