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

-- The least member that a group can have, as ZRANGEBYLEX takes it.
local function least_member(begin)
  return struct.pack('>c1d', '[', begin)
end

-- Whether a member, or nil, is one of the group that began then.
local function is_member_of(begin, member)
  return member ~= nil and #member >= 8 and struct.unpack('>d', member) == begin
end
