-- Ends claims as if their leases had ended.
-- KEYS    queues, of the queue: all, and of the queue for failed events
-- ARGV    queue (id, token)...
-- Returns of each 1, or 0 if that claim was not there

verbs.crash = function(from, to)
  local queue, replies = opened_at(ARGV[from]), {}
  for at = from + 1, to, 2 do
    local claim = claim_of(queue, ARGV[at], ARGV[at + 1])
    if claim then
      crash_claim(queue, ARGV[at], claim)
    end
    replies[#replies + 1] = claim and 1 or 0
  end
  return replies
end
