-- As full/stream-take.lua. Each claimant gets one event; or a single one gets up to count.
-- KEYS    lists, of the queue: stream (and those of taking.lua and claiming.lua)
-- ARGV    queue group leaseMs count bytes claimant...
-- Returns a list of what pop_with_tokens returns; -3 for a list, -7 if the group is not there

-- The greatest id of those that were popped, or of the one before: of their places.
local function latest_popped(popped, before)
  local latest, dash, head = before or '0-0', nil, nil
  for at = #popped - 1, 6, -2 do
    local id = popped[at]
    dash = dash or string.find(latest, '-', 1, true) or 0
    -- With as many digits of the ms the texts tell which one is earlier.
    local is_less = string.byte(id, dash) == 45
    if is_less and #id == #latest then
      is_less = id <= latest
    elseif is_less then
      head = head or string.sub(latest, 1, dash)
      local own = string.sub(id, 1, dash)
      is_less = own < head or own == head and #id < #latest
    end
    if not is_less then
      latest, dash, head = make_streams().later_of(latest, id, popped[at + 1]), nil, nil
    end
  end
  return latest
end

-- The field of a claimant's consumer in the record of the stream.
local function field_of(claimant)
  local from = string.find(claimant, ' ', 1, true)
  from = from and string.find(claimant, ' ', from + 1, true)
  return '@' .. (from and string.sub(claimant, from + 1) or '')
end

-- Notes the claimants from ARGV[first] to ARGV[last], of which the first so many have got something.
local function note_claimants(key, first, last, got, noted)
  local time, is_noted = string.format('%.0f', now()), {}
  for at = first, last do
    local claimant = ARGV[at]
    -- Mostly the same ones claim again and again.
    local field = not is_noted[claimant] and field_of(claimant)
    is_noted[claimant] = true
    if field and not is_noted[field] then
      is_noted[field] = true
      noted[#noted + 1] = field
      local active = time
      if at - first >= got then
        active = string.match(redis.call('HGET', key, field) or '', '%d*$')
      end
      noted[#noted + 1] = time .. ' ' .. active
    end
  end
  return redis.call('HSET', key, unpack(noted))
end

verbs.stream_take = function(from, to)
  local queue, lease, count = queue_at(ARGV[from]), ARGV[from + 2], tonumber(ARGV[from + 3])
  local is_stream, delivered = look_at_group(queue, ARGV[from + 1])
  if type(is_stream) == 'number' then
    return is_stream
  end
  local popped, is_one, ids, places = new_popped(), count > 1, nil, nil
  read_counter()
  if is_one then
    ids, places = take_within(queue, count, lease, popped, tonumber(ARGV[from + 4]))
  else
    -- With such a lease no contents are left out.
    ids, places = take(queue, to - from - 4, 1, popped)
  end
  if #ids > 0 then
    claim_popped(queue, ids, places, lease, popped, from + 5, is_one)
  end
  if is_stream then
    local key, latest = STREAM .. queue.name, #ids > 0 and latest_popped(popped, delivered)
    local noted = latest and latest ~= delivered and { 'delivered', latest } or {}
    local is_new = #noted > 0 and not delivered and 1 or 0
    local got = is_one and math.min(#ids, 1) or #ids
    if note_claimants(key, from + 5, to, got, noted) > is_new then
      make_streams().forget_consumers(queue, string.sub(field_of(ARGV[to]), 2))
    end
  end
  return #ids > 0 and popped or {}
end
