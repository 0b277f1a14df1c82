-- The record of a stream, a hash: "last", the latest id; "added", how many events stream_add pushed;
-- "removed" and "delivered", ids or nothing; "group", "=" and the name of the first group, or nothing; and
-- by "@" and the name of each consumer of its group when it was seen, and when it last took something or
-- nothing, both in ms: "<ms> <ms>". Places are compared as texts: "ms" and "seq" with 20 digits each.
-- KEYS    queues lists, of the queue: events claims stream
-- ARGV    (none)
-- Returns nothing by itself

local FIRST_ID = '0-0'
local FIRST_PLACE, LAST_PLACE = string.rep('0', 40), string.rep('18446744073709551615', 2)
local ZEROS, LAST_NUMBER = string.rep('0', 20), '18446744073709551615'

local function digits_of(number)
  return string.sub(ZEROS, #number + 1) .. number
end

-- The place of an id; nil if it is not "<ms>-<seq>", two numbers of 64 bits without further zeros.
local function place_of_id(id)
  if #id > 41 then
    return nil
  end
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  if not ms or #ms > 20 or #seq > 20 then
    return nil
  elseif #ms > 1 and string.byte(ms) == 48 or #seq > 1 and string.byte(seq) == 48 then
    return nil
  end
  ms, seq = digits_of(ms), digits_of(seq)
  if ms <= LAST_NUMBER and seq <= LAST_NUMBER then
    return ms .. seq
  end
end

local function without_zeros(digits)
  return string.match(digits, '^0*(%d+)$')
end

local function id_of_place(place)
  return without_zeros(string.sub(place, 1, 20)) .. '-' .. without_zeros(string.sub(place, 21))
end

-- The end of that millisecond: the place of an event with another id that was pushed then.
local function end_of_ms(ms)
  return digits_of(string.format('%.0f', ms)) .. LAST_NUMBER
end

-- The number that is one more, as 20 digits; nil behind the last one.
local function next_number(digits)
  if digits == LAST_NUMBER then
    return nil
  end
  local head, digit, nines = string.match(digits, '^(%d*)([0-8])(9*)$')
  return head .. string.char(string.byte(digit) + 1) .. string.rep('0', #nines)
end

-- The place behind that one; nil behind the last one.
local function next_place(place)
  local ms, seq = string.sub(place, 1, 20), next_number(string.sub(place, 21))
  if seq then
    return ms .. seq
  end
  ms = next_number(ms)
  return ms and ms .. ZEROS
end

-- The next place in that ms, 20 digits; without it that of an id that was never made before, or where that
-- is not greater than the latest one, the place behind that.
local function place_behind(latest, ms)
  local wanted = ms and ms .. ZEROS or place_of_id(made_text((take_numbers(1))))
  if wanted > latest then
    return wanted
  elseif ms and wanted < string.sub(latest, 1, 20) then
    return nil
  end
  local place = next_place(latest)
  return place and (not ms or string.sub(place, 1, 20) == ms) and place or nil
end

-- The place of so many more; nil behind the last one of the ms, or of all.
local function place_after(place, step, ms)
  for _ = 1, step do
    place = place and next_place(place)
  end
  return place and (not ms or string.sub(place, 1, 20) == ms) and place or nil
end

-- The first "@" of the field of a consumer keeps its name apart from the other fields.
local function consumer_field(name)
  return '@' .. name
end

-- The id that is noted; another program may have written something else.
local function noted_id(text)
  return text and place_of_id(text) and text or FIRST_ID
end

-- The record, or false. Verbs read it before they change anything: it may fail.
local function record_of(queue)
  if queue.record == nil then
    local key = STREAM .. queue.name
    local fields = redis.call('HMGET', key, 'last', 'added', 'removed', 'delivered', 'group')
    queue.record = (fields[1] or redis.call('HLEN', key) > 0) and {
      last = noted_id(fields[1]),
      added = tonumber(fields[2]) or 0,
      removed = noted_id(fields[3]),
      delivered = noted_id(fields[4]),
      group = fields[5] and string.sub(fields[5], 2) or nil,
    }
  end
  return queue.record
end

-- Writes fields of a record that is there.
local function write_record(queue, fields)
  local values = queue.put_off and queue.put_off.stream or {}
  for name, value in pairs(fields) do
    queue.record[name] = value
    values[#values + 1] = name
    values[#values + 1] = name == 'group' and '=' .. value or value
  end
  if not queue.put_off then
    redis.call('HSET', STREAM .. queue.name, unpack(values))
  end
end

-- The queue becomes a stream.
local function make_record(queue)
  redis.call('SREM', LISTS, queue.name)
  queue.record = { last = FIRST_ID, added = 0, removed = FIRST_ID, delivered = FIRST_ID }
  redis.call('ZADD', queues_key, 0, queue.name)
  write_record(queue, { last = FIRST_ID })
end

-- The greater one of two ids.
local function greater_id(one, other)
  return place_of_id(one) < place_of_id(other) and other or one
end

-- With more claims nobody looks who has one.
local SEARCHED_CLAIMS = 10000

-- The worker of a record of a claim: see claims.lua. Empty if there is none.
local function worker_in(record)
  return string.match(record, '^%S+ %d+ %d+ *%S+ %S+ (.+)$') or ''
end

-- Forgets consumers that are too many: of those without claims the ones that were seen longest ago. If all
-- have claims, the name is not kept.
local function forget_consumers(queue, name)
  local key, fields, has_claim = STREAM .. queue.name, {}, {}
  if redis.call('HLEN', key) <= STREAM_CONSUMERS_MAX then
    return
  end
  local flat = redis.call('HGETALL', key)
  for at = 1, #flat, 2 do
    if string.byte(flat[at]) == 64 then
      fields[#fields + 1] = { flat[at], tonumber(string.match(flat[at + 1], '^%d+')) or 0 }
    end
  end
  local surplus = #fields - STREAM_CONSUMERS_MAX
  if surplus <= 0 then
    return
  end
  local own = consumer_field(name)
  if redis.call('HLEN', queue.claims) > SEARCHED_CLAIMS then
    redis.call('HDEL', key, own)
    return
  end
  for _, record in ipairs(redis.call('HVALS', queue.claims)) do
    has_claim[consumer_field(worker_in(record))] = true
  end
  table.sort(fields, function(a, b)
    return a[2] < b[2]
  end)
  for _, field in ipairs(fields) do
    if surplus > 0 and field[1] ~= own and not has_claim[field[1]] then
      redis.call('HDEL', key, field[1])
      surplus = surplus - 1
    end
  end
  if surplus > 0 then
    redis.call('HDEL', key, own)
  end
end

-- Notes that consumers were seen, and by name whether each took something. To be called once they have their
-- claims.
local function note_consumers(queue, names, is_active)
  local key, seen, noted = STREAM .. queue.name, string.format('%.0f', now()), {}
  for at, name in ipairs(names) do
    local field, active = consumer_field(name), seen
    if not is_active[name] then
      active = string.match(redis.call('HGET', key, field) or '', '%d*$')
    end
    noted[2 * at - 1], noted[2 * at] = field, seen .. ' ' .. active
  end
  if redis.call('HSET', key, unpack(noted)) > 0 then
    forget_consumers(queue, names[#names])
  end
end

local function note_consumer(queue, name, is_active)
  note_consumers(queue, { name }, { [name] = is_active })
end
