-- As plain/rare.lua, but queues that have nothing rare except priorities and groups are served. Their names
-- are in the set "ordered", too.
-- KEYS    settings rare ordered
-- ARGV    (none)
-- Returns nothing by itself, or ends the batch with "FULL" and the number of another queue

local function first_rare()
  if #KEYS == FIXED_KEYS then
    return nil
  end
  local names = {}
  for at = FIXED_KEYS + 1, #KEYS do
    names[#names + 1] = string.sub(KEYS[at], #EVENTS + 1)
  end
  local are_rare = redis.pcall('SMISMEMBER', RARE, unpack(names))
  local in_order = redis.pcall('SMISMEMBER', ORDERED, unpack(names))
  if are_rare.err or in_order.err or redis.call('EXISTS', SETTINGS) == 1 then
    return 0
  end
  for at, is_rare in ipairs(are_rare) do
    if is_rare == 1 and in_order[at] == 0 then
      return at - 1
    end
    are_ordered[names[at]] = is_rare == 1
  end
  return nil
end

local rare = first_rare()
if rare then
  return { ok = 'FULL ' .. rare }
end
