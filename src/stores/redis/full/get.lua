-- Shows all that is known of an event.
-- KEYS    of the queue: all
-- ARGV    queue id WHOLE|- (without contents, errors and log)
-- Returns what facts_of describes, why it is not handed out, and 1 if its contents are there; or nil

verbs.get = function(from)
  local queue, id = opened_at(ARGV[from]), ARGV[from + 1]
  local is_whole = ARGV[from + 2] == 'WHOLE'
  local state, score = state_of(queue, id)
  local facts = state and facts_of(queue, id, state, score, is_whole)
  if facts then
    facts[23] = state == 'ready' and reason_of(queue, more_of(queue, id)) or false
    facts[24] = is_whole
  end
  return facts or false
end
