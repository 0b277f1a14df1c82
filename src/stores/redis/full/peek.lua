-- Shows the ready event at one end of the line.
-- KEYS    of the queue: all
-- ARGV    queue LEFT|RIGHT
-- Returns id value, or nil

-- The id at the left end of the list. Of equal ids there the first is no ghost if its event is listed.
local function first_listed(queue)
  while queue.has_ghosts and may_drop(queue) do
    local ids, ghosts = redis.call('LRANGE', queue.ready, 0, GHOSTS_AT_ONCE - 1), {}
    local found
    for _, id in ipairs(ids) do
      local state, score = state_of(queue, id)
      if state == 'ready' and not score then
        found = id
        break
      end
      ghosts[#ghosts + 1] = id
    end
    if #ghosts > 0 then
      local left = ghosts_among(queue, ghosts)
      local counted = {}
      for _, id in ipairs(ghosts) do
        -- Somebody may have deleted the event: then nothing has counted its id.
        if left[id] > 0 then
          left[id] = left[id] - 1
          counted[#counted + 1] = id
        end
      end
      redis.call('LPOP', queue.ready, #ghosts)
      forget_ghosts(queue, counted, left)
      queue.dropped = queue.dropped + #ghosts
    end
    if found or #ids == 0 then
      return found
    end
  end
  return not queue.has_ghosts and redis.call('LINDEX', queue.ready, 0)
end

verbs.peek = function(from)
  local queue = opened_at(ARGV[from])
  local id
  if ARGV[from + 1] == 'LEFT' then
    id = first_listed(queue)
    id = id or not queue.is_behind and redis.call('ZRANGE', queue.front, -1, -1)[1]
  else
    id = first_ready(queue)
  end
  if not id and queue.is_behind then
    return again()
  end
  local value = id and redis.call('HGET', queue.events, id)
  reply_bytes = reply_bytes + #(value or '')
  return value and { id, value } or false
end
