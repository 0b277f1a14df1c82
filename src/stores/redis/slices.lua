-- Long lists of arguments.
-- KEYS    (none)
-- ARGV    (none)
-- Returns nothing by itself

-- Lua cannot pass more than some thousand values at once.
local function in_slices(command, key, list)
  for at = 1, #list, 1000 do
    redis.call(command, key, unpack(list, at, math.min(at + 999, #list)))
  end
end
