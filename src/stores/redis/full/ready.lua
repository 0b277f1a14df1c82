-- Finds a queue with an event that may be handed out.
-- KEYS    of the queues: all
-- ARGV    queue...
-- Returns the place, from 1, of the first queue that has one, or 0

local function has_ready(queue)
  local most = limit_of(queue, 'max-claimed')
  if is_paused(queue, 'out') or most and redis.call('ZCARD', queue.claimed) >= most then
    return false
  end
  while true do
    local id = first_ready(queue)
    if not id then
      return false
    end
    local more = more_of(queue, id)
    local expiry = expiry_of(queue, id, more)
    if not expiry or expiry > now() then
      return true
    end
    take_first(queue)
    expire(queue, id, more)
  end
end

verbs.ready = function(from, to)
  for at = from, to do
    if has_ready(opened_at(ARGV[at])) then
      return at - from + 1
    end
  end
  return 0
end
