-- Ends claims of a group, whoever has them, the last one first.
-- KEYS    of the queue: all, set, and of the queue for failed events
-- ARGV    queue group REDO|BACKOFF|FINAL id...
-- Returns a list of the name of the queue of the group, and a list of what the event of each id is now, or nil
--         if it was not claimed; -3 for a name of another kind, -7 if the group is not there

verbs.stream_nack = function(from, to)
  local own, otherwise = group_at(from)
  if not own then
    return otherwise
  end
  local outcomes, how = {}, ARGV[from + 2]
  for at = to, from + 3, -1 do
    local id, outcome = ARGV[at], false
    local claim = claim_of(own, id, '')
    if claim and how == 'REDO' then
      outcome = redo_claim(own, id, nil)
    elseif claim then
      outcome = fail_claim(own, id, claim, '', how)
    end
    outcomes[at - from - 2] = outcome
  end
  return { own.name, outcomes }
end
