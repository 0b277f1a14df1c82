-- Ends a batch before anything is done where one of its queues needs the full script: one with
-- settings, pauses, facts of events beside their contents, removed ids in its list, or completed
-- events. Other queues never do.
-- KEYS    settings, of the queue: front claims more config ghosts completed
-- ARGV    (none)
-- Returns nothing by itself, or ends the batch with "FULL" and the number of such a queue

local function is_rare(queue)
  local name = queue.name
  local more, config, ghosts, completed = MORE .. name, CONFIG .. name, GHOSTS .. name, COMPLETED .. name
  -- EXISTS counts a key as often as it is named. So one call tells two things.
  local found = redis.call('EXISTS', queue.front, queue.claims, more, more, more, config, config,
    config, ghosts, ghosts, ghosts, completed, completed, completed, SETTINGS, SETTINGS, SETTINGS)
  queue.may_have_extras = found > 0
  return found >= 3
end

for at = FIXED_KEYS + 1, #KEYS do
  if is_rare(queue_named(string.sub(KEYS[at], #EVENTS + 1))) then
    if ARGV[3] == 'STAGED' then
      end_staged()
      return { ok = 'NOT STAGED' }
    end
    return { ok = 'FULL ' .. at - FIXED_KEYS - 1 }
  end
end
