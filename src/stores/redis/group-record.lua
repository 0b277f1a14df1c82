-- The record of a group, as it stands in the hash "groups", and the members of the sorted set "grouped":
-- see full/grouped.lua.
-- KEYS    of the queue: groups grouped
-- ARGV    (none)
-- Returns nothing by itself

-- What a group has that has nothing of its own: not to be changed.
local NOTHING = {}

local RECORD_FORM = '<I4I4I4I4I4dddd'
local RECORD_BYTES = 52

-- No more than 16 fields, most of the time: with more it takes twice the memory.
local function record_in(key, packed, limit)
  local ready, claimed, held, delayed, room, begin, turn, rank, look = 0, 0, 0, 0, 0, 0, 0, 0, 0
  if packed and #packed == RECORD_BYTES then
    ready, claimed, held, delayed, room, begin, turn, rank, look = struct.unpack(RECORD_FORM, packed)
  end
  return {
    key = key, ready = ready, claimed = claimed, held = held, delayed = delayed, own = NOTHING,
    begin = begin, turn = turn, rank = rank, room = room, look = look, is_kept = packed ~= false,
    limit = limit, is_noted = nil, has_turned = nil, first = nil,
  }
end

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
