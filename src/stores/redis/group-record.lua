-- The record of a group, as it stands in the hash "groups", and the members of the sorted set "grouped":
-- see full/grouped.lua.
-- KEYS    of the queue: groups grouped
-- ARGV    (none)
-- Returns nothing by itself

local RECORD_FORM = '<I4I4I4I4I4dddd'
local RECORD_BYTES = 52

-- A member is the beginning of its group and its rank, and the id. Ticks as bytes, the highest first, have
-- the order of numbers.
local MEMBER_FORM = '>ddc0'
local ID_IN_GROUPED = 17

-- What begins with no later a member than this, and the first one behind all of the group, for ZRANGEBYLEX.
local function range_of(begin)
  return struct.pack('>c1d', '[', begin), struct.pack('>c1dc1', '(', begin, '\255')
end
