-- Shows the ready event at one end of the line.
-- KEYS    of the queue: all
-- ARGV    queue LEFT|RIGHT
-- Returns id value, or nil

-- The id at the left end of the list. What stands left of all others and is a ghost is removed.
local function first_listed(queue)
  while true do
    local id = redis.call('LINDEX', queue.ready, 0)
    if not id or not queue.has_ghosts then
      return id
    end
    local state, score = state_of(queue, id)
    if state == 'ready' and not score then
      return id
    end
    redis.call('LPOP', queue.ready)
    is_ghost(queue, id)
  end
end

verbs.peek = function(from)
  local queue = opened_at(ARGV[from])
  local id
  if ARGV[from + 1] == 'LEFT' then
    id = first_listed(queue) or redis.call('ZRANGE', queue.front, -1, -1)[1]
  else
    id = first_ready(queue)
  end
  local value = id and redis.call('HGET', queue.events, id)
  reply_bytes = reply_bytes + #(value or '')
  return value and { id, value } or false
end
