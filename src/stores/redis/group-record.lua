-- The record of a group, as it stands in the hash "groups": see full/grouped.lua.
-- KEYS    of the queue: groups
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
