-- Ends a batch before anything is done where one of its queues needs a larger script: one with
-- settings, pauses, windows, events that expire, facts of events beside their contents, removed ids in
-- its list, completed events, priorities or groups. The full script notes their names in the set "rare",
-- and "ordered" those of queues that get priorities or groups; no other makes a queue rare.
-- KEYS    settings rare
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
  if are_rare.err or redis.call('EXISTS', SETTINGS) == 1 then
    return 0
  end
  for at, is_rare in ipairs(are_rare) do
    if is_rare == 1 then
      return at - 1
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
