-- Removes a waiting event, or asks the consumer of a claimed one to stop.
-- KEYS    of the queue: all
-- ARGV    queue id
-- Returns of each removed, asked, or nil

verbs.cancel = function(from)
  local queue, id = opened_at(ARGV[from]), ARGV[from + 1]
  local state = state_of(queue, id)
  if state == 'claimed' then
    local more = more_of(queue, id)
    more.x = 1
    keep_more(queue, id, more)
    return { 'asked' }
  elseif state == 'ready' or state == 'delayed' then
    drop(queue, id, state)
    return { 'removed' }
  end
  return { false }
end
