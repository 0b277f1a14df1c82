-- Shows all that is known of an event.
-- KEYS    of the queue: all
-- ARGV    queue id
-- Returns what facts_of describes, and why it is not handed out, or nil

verbs.get = function(from)
  local queue, id = opened_at(ARGV[from]), ARGV[from + 1]
  local state, score = state_of(queue, id)
  local facts = state and facts_of(queue, id, state, score, true)
  if facts then
    facts[#facts + 1] = state == 'ready' and reason_of(queue, more_of(queue, id)) or false
  end
  return facts or false
end
