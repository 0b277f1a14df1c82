-- Ends all of these claims in one step, or none.
-- KEYS    of the queue: all
-- ARGV    as those of ack
-- Returns of each what ack returns, or a list of one refusal

verbs.ack_batch = function(from, to)
  local queue, parts, seen = opened_at(ARGV[from]), {}, {}
  for at = from + 1, to, 3 do
    local id = ARGV[at]
    local part = not seen[id] and claimed_with(queue, id, ARGV[at + 1]) and more_of(queue, id).w
    seen[id] = true
    parts[#parts + 1] = part or nil
  end
  local refusal = refusal_of(queue, parts)
  if refusal then
    is_refused = true
    return { refusal }
  end
  return verbs.ack(from, to)
end
