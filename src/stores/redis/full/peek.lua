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
      if state == 'ready' and not score and is_in_list(queue, id) then
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

-- The last one of the line, whoever's turn it is.
local function last_out(queue)
  local grouped = queue.has_groups and groups.last(queue)
  if grouped then
    return groups.id_in(grouped)
  end
  local last = queue.has_ranked and redis.call('ZRANGE', RANKED .. queue.name, -1, -1)[1]
  if last and last > '1001' then
    return ranked.id_in(last)
  end
  local id = first_listed(queue)
  id = id or not queue.is_behind and redis.call('ZRANGE', queue.front, -1, -1)[1]
  return id or not queue.is_behind and last and ranked.id_in(last)
end

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
