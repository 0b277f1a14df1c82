-- Ends claims as failures.
-- KEYS    queues, of the queue: all, and of the queue for failed events
-- ARGV    queue (id, token, error, next)... (error behind "=", or empty; next: BACKOFF, FINAL, or as
--         time_of takes it)
-- Returns of each what it is now, or nil if that claim was not there

verbs.fail = function(from, to)
  local queue, replies = opened_at(ARGV[from]), {}
  for at = from + 1, to, 4 do
    local id = ARGV[at]
    local claim = claim_of(queue, id, ARGV[at + 1])
    replies[#replies + 1] = claim
      and fail_claim(queue, id, claim, given(ARGV[at + 2]) or '', ARGV[at + 3])
      or false
  end
  return replies
end
