-- The record of a group, as it stands in the hash "groups", and the members of the sorted set "grouped":
-- see full/grouped.lua.
-- KEYS    of the queue: groups grouped
-- ARGV    (none)
-- Returns nothing by itself

local RECORD_FORM = '<I4I4I4I4I4dddd'
local RECORD_BYTES = 52

local function packed_record(record)
  return struct.pack(RECORD_FORM, record.ready, record.claimed, record.held, record.delayed,
    record.room, record.begin, record.turn, record.rank, record.look)
end

-- Ticks as bytes, the highest first, have the order of numbers. A member is the beginning of its group and
-- its rank, and the id.
local function tick_bytes(tick)
  return struct.pack('>d', tick)
end

-- Where the id begins.
local ID_IN_GROUPED = 17

-- All members of a group, as ZRANGEBYLEX takes them.
local function range_of(record)
  local prefix = tick_bytes(record.begin)
  return '[' .. prefix, '(' .. prefix .. '\255'
end
