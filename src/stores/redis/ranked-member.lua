-- The members of the sorted set "ranked": see full/ranked.lua.
-- KEYS    of the queue: ranked
-- ARGV    (none)
-- Returns nothing by itself

-- 17 digits, in the order of the places. 10^16 is more than any tick.
local function text_of(place)
  return string.format('%d%016d', place < 0 and 0 or 1, place < 0 and place + 1e16 or place)
end

local function ranked_member(id, priority, place)
  return string.format('%04d', 1000 - priority) .. text_of(place) .. id
end

-- Its id, its place, and the priority as text.
local function parts_of_ranked(member)
  local place = tonumber(string.sub(member, 6, 21))
  if string.sub(member, 5, 5) == '0' then
    place = place - 1e16
  end
  return string.sub(member, 22), place, string.sub(member, 1, 4)
end
