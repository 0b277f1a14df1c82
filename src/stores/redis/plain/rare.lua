-- Ends a batch before anything is done where one of its queues needs a larger script: one with settings
-- that matter to every event, pauses, windows, events that expire, facts of events beside their contents,
-- removed ids in its list, completed events, priorities or groups, or a set of its name. The full script
-- notes their names in the set "rare", and "ordered" those of queues that get priorities or groups; no other
-- makes a queue rare.
-- The script "ordered" serves those that have nothing else that is rare: the set "ordered" has their names.
-- KEYS    settings rare ordered
-- ARGV    (none)
-- Returns nothing by itself, or ends the batch with "FULL" and the number of such a queue

-- The number of a queue that needs a larger script, or nil.
local function first_rare()
  if #KEYS == FIXED_KEYS or redis.call('EXISTS', SETTINGS, RARE) == 0 then
    return nil
  end
  local names = {}
  for at = FIXED_KEYS + 1, #KEYS do
    names[#names + 1] = string.sub(KEYS[at], #EVENTS + 1)
  end
  local are_rare = redis.pcall('SMISMEMBER', RARE, unpack(names))
  local are_served = are_ordered and redis.pcall('SMISMEMBER', ORDERED, unpack(names)) or {}
  if are_rare.err or are_served.err or redis.call('EXISTS', SETTINGS) == 1 then
    return 0
  end
  for at, is_rare in ipairs(are_rare) do
    if is_rare == 1 and are_served[at] ~= 1 then
      return at - 1
    elseif is_rare == 1 then
      are_ordered[names[at]] = true
    end
  end
  return nil
end

local rare = first_rare()
if rare then
  if ARGV[3] == 'STAGED' then
    end_staged()
    return { ok = 'NOT STAGED' }
  end
  return { ok = 'FULL ' .. rare }
end
