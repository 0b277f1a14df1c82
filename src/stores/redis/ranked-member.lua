-- The members of the sorted set "ranked": see full/ranked.lua. Each is a prefix and the id. The prefix stands
-- in the hash "places", too.
-- KEYS    of the queue: ranked places
-- ARGV    (none)
-- Returns nothing by itself

-- 1000 less the priority in 4 digits, and 17 digits in the order of the places, where 10^16 is more than
-- any tick; these are missing in "places" before the event is ready.
local function ranked_prefix(priority, place)
  if not place then
    return string.format('%04d', 1000 - priority)
  elseif place < 0 then
    return string.format('%04d0%016d', 1000 - priority, place + 1e16)
  end
  return string.format('%04d1%016d', 1000 - priority, place)
end

-- Where the id begins.
local ID_IN_RANKED = 22

-- The priority and the place in a prefix, or in what begins with one.
local function priority_and_place(prefix)
  local side = string.sub(prefix, 5, 5)
  local place = side ~= ':' and tonumber(string.sub(prefix, 6, 21)) or nil
  if place and side == '0' then
    place = place - 1e16
  end
  return 1000 - tonumber(string.sub(prefix, 1, 4)), place
end
