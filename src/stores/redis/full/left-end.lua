-- The left end of the line: finds and takes the event that is last out. Turns of groups do not count.
-- KEYS    of the queue: all
-- ARGV    (none)
-- Returns nothing by itself

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

-- The last one of the line; in which key it stands, as which member. Without a key it is in the list.
local function last_out(queue)
  local grouped = queue.has_groups and groups.last(queue)
  if grouped then
    return groups.id_in(grouped), GROUPED .. queue.name, grouped
  end
  local key = RANKED .. queue.name
  local last = queue.has_ranked and redis.call('ZRANGE', key, -1, -1)[1]
  if last and last > '1001' then
    return ranked.id_in(last), key, last
  end
  local id = first_listed(queue)
  if id or queue.is_behind then
    return id
  end
  id = redis.call('ZRANGE', queue.front, -1, -1)[1]
  if id then
    return id, queue.front, id
  end
  return last and ranked.id_in(last), key, last
end

-- Takes the last one out of the line. note_taken_last follows.
local function take_last(queue)
  local id, key, member = last_out(queue)
  if not id then
    return nil
  elseif key then
    redis.call('ZREM', key, member)
  else
    redis.call('LPOP', queue.ready)
  end
  if queue.has_expires then
    redis.call('ZREM', queue.expires, id)
  end
  return id
end
