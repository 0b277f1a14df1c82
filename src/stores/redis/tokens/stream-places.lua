-- What the small verbs of streams need of full/stream-record.lua, where ids are unusual or consumers too many.
-- KEYS    of the queue: ready events front
-- ARGV    (none)
-- Returns a table of functions

-- Of an event with that value.
local function place_of_event(id, value)
  local place = place_of_id(id)
  if place or not value or #value < 7 then
    return place or FIRST_PLACE
  end
  local high, low = struct.unpack('>I2I4', value, 2)
  return end_of_ms(high * 2 ^ 32 + low)
end

-- The place of the left-most ready event, as an id.
local function latest_of(queue)
  local id = redis.call('LINDEX', queue.ready, 0) or redis.call('ZRANGE', queue.front, -1, -1)[1]
  return id_of_place(id and place_of_event(id, redis.call('HGET', queue.events, id)) or FIRST_PLACE)
end

-- The greater one of an id and of the place of an event, as an id.
local function later_of(latest, id, value)
  return greater_id(noted_id(latest), id_of_place(place_of_event(id, value)))
end

return {
  place_of_id = place_of_id, id_of_place = id_of_place, place_behind = place_behind,
  place_after = place_after, latest_of = latest_of, later_of = later_of,
  forget_consumers = forget_consumers,
}
