-- Shows all that is known of an event.
-- KEYS    of the queue: all
-- ARGV    queue id
-- Returns what facts_of describes, or nil

verbs.get = function(from)
  local queue, id = opened_at(ARGV[from]), ARGV[from + 1]
  local state, score = state_of(queue, id)
  return state and facts_of(queue, id, state, score, true) or false
end
