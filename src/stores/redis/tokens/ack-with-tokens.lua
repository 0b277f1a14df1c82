-- Ends claims with these tokens: their events are removed.
-- KEYS    of the queue: claimed claims (and those of plain/ack.lua)
-- ARGV    queue (id, token)...
-- Returns the places, from 1, of the ids that were not claimed with their token

verbs.ack_with_tokens = function(from, to)
  return verbs.ack(from, to, end_claims_with_tokens)
end
