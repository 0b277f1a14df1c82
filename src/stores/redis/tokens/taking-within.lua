-- How events leave the line for pops of many events at once.
-- KEYS    of the queue: events (and those of taking.lua)
-- ARGV    (none)
-- Returns nothing by itself

-- See value.ts.
local HEAD_BYTES, WITH_HEADERS = 7, 2
local function contents_bytes(value)
  local length, from
  if (string.byte(value) or 0) % 4 == WITH_HEADERS then
    length, from = string.match(value, '^(%d+):()', HEAD_BYTES + 1)
  end
  return #value - (length and from - 1 + length or HEAD_BYTES)
end

-- Takes events out of the line as take does, and stops behind so many bytes of contents. Returns
-- what is left of these, too.
local function take_within(queue, count, lease, popped, bytes)
  local all, all_places, slice = {}, {}, 1
  queue.has_front = may_have_extras(queue)
  while #all < count and bytes >= 0 do
    local ids, places = take_next(queue, math.min(slice, count - #all), count - #all)
    if ids and ids.err and #all == 0 then
      error(ids)
    end
    if not ids or ids.err then
      break
    end
    local contents, taken = redis.pcall('HMGET', queue.events, unpack(ids)), 0
    if contents.err then
      give_up(queue, ids, places, contents)
    end
    while taken < #ids and bytes >= 0 do
      taken = taken + 1
      local id, value = ids[taken], contents[taken]
      if value then
        popped[#popped + 1], popped[#popped + 2] = id, value
        all[#all + 1], all_places[#all_places + 1] = id, places[taken]
        bytes = bytes - contents_bytes(value)
        reply_bytes = reply_bytes + #value
        -- Many large ones would fill the memory before they are counted.
        slice = #value * POP_SLICE < FETCHED_BYTES_MIN and POP_SLICE or 1
      else
        lose(queue, id)
      end
    end
    put_back(queue, ids, places, taken + 1)
    if lease == '0' then
      redis.call('HDEL', queue.events, unpack(ids, 1, taken))
      shrank(queue)
    end
  end
  return all, all_places, bytes
end
