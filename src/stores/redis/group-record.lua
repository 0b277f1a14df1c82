-- The record of a group, as it stands in the hash "groups", and the members of the sorted set "grouped":
-- see full/grouped.lua.
-- KEYS    of the queue: groups grouped
-- ARGV    (none)
-- Returns nothing by itself

-- How many events are ready and claimed, and how many could be handed out when that was last told; the
-- ticks of the beginning and of the latest turn; and the last of the ranks.
local RECORD_FORM = '<I4I4I4ddd'
local RECORD_BYTES = 36

-- It follows where one of these is not 0: how many events are delayed, how many of them hold the group, and
-- when a tick looks at it.
local RARE_FORM = '<I4I4d'
local WITH_RARE_BYTES = 52

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
