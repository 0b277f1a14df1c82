-- Removes events that are not claimed.
-- KEYS    of the queue: all
-- ARGV    queue (id, version)... (version empty: any)
-- Returns of each 1, or 0 if it was not removed

verbs.remove = function(from, to)
  local queue, replies = opened_at(ARGV[from]), {}
  for at = from + 1, to, 2 do
    local id = ARGV[at]
    local state, score = state_of(queue, id)
    local may_go = state and state ~= 'claimed' and is_version(queue, id, state, score, ARGV[at + 1])
    if may_go then
      drop(queue, id, state)
    end
    replies[#replies + 1] = may_go and 1 or 0
  end
  return replies
end
