-- Shows the ready event at one end of the line.
-- KEYS    of the queue: all
-- ARGV    queue LEFT|RIGHT
-- Returns id value, or nil

local function next_out(queue)
  if queue.has_groups then
    return groups.peek(queue)
  end
  return (first_ungrouped(queue))
end

verbs.peek = function(from)
  local queue = opened_at(ARGV[from])
  local id = (ARGV[from + 1] == 'LEFT' and last_out or next_out)(queue)
  if not id and queue.is_behind then
    return again()
  end
  local value = id and redis.call('HGET', queue.events, id)
  reply_bytes = reply_bytes + #(value or '')
  return value and { id, value } or false
end
