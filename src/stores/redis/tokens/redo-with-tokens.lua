-- Ends claims with these tokens: their events are ready again, at the right end of the line.
-- KEYS    of the queue: claimed claims (and those of plain/redo.lua)
-- ARGV    queue (id, token)...
-- Returns the places, from 1, of the ids that were not claimed with their token

verbs.redo_with_tokens = function(from, to)
  return verbs.redo(from, to, end_claims_with_tokens)
end
