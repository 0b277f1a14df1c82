-- Shows a stream, or a queue with events as if it were one, with its groups and their consumers.
-- KEYS    of the queues: all, set
-- ARGV    queue
-- Returns a list of how many entries there are, the latest id, the greatest that was removed, how many
--         were added, the id and the value of the first and of the last entry (two lists, which may be empty),
--         and a list of each group: its name, the greatest id that was delivered, how many are ready and how
--         many are claimed, the ids of the first and of the last claim, or nil, and of each consumer its name,
--         how many claims it has, and since how many ms it was seen and took something (-1: never); -3 for a
--         name of another kind, -4 if too many events had to be looked at, -8 for a queue that is not there

-- The groups: names and queues. The first one only if it was created, or has consumers.
local function groups_of(queue)
  local record, bindings = record_of(queue), queue.config.bindings
  local found = { { record and record.group or 'default', queue } }
  for _, name in ipairs(bindings and unpacked(bindings) or {}) do
    found[#found + 1] = { name, open(queue_named(queue.name .. '@' .. name)) }
  end
  return found
end

-- By the names of consumers what the record of a stream keeps of each, and what its claims tell of others.
local function consumers_in(own)
  local consumers, flat = {}, own.record and redis.call('HGETALL', STREAM .. own.name) or {}
  for at = 1, #flat, 2 do
    if string.byte(flat[at]) == 64 then
      local seen, active = string.match(flat[at + 1], '^(%d+) (%d*)$')
      consumers[string.sub(flat[at], 2)] = { 0, tonumber(seen) or 0, tonumber(active), is_kept = true }
    end
  end
  return consumers
end

local function since_ms(ms)
  return ms and math.max(0, now() - ms) or -1
end

-- nil if it has too many claims. Second whether it has consumers.
local function group_facts(name, own)
  local record, consumers, read_place = record_of(own), consumers_in(own), place_reader(own)
  local first, last, first_place, last_place, is_over = false, false, nil, nil, false
  local is_read = each_claim(own, function(id, begin, claim)
    local place, worker = read_place(id), worker_in(claim)
    is_over = is_over or not place
    if place and not (first_place and place >= first_place) then
      first, first_place = id, place
    end
    if place and not (last_place and place <= last_place) then
      last, last_place = id, place
    end
    local consumer = consumers[worker] or { 0, 0, 0 }
    consumers[worker], consumer[1] = consumer, consumer[1] + 1
    if not consumer.is_kept then
      local ms = math.max(consumer[2], math.floor(begin / TICKS_PER_MS))
      consumer[2], consumer[3] = ms, ms
    end
  end)
  if is_over or not is_read then
    return nil
  end
  local facts = {
    name, record and record.delivered or FIRST_ID, ready_count(own), redis.call('ZCARD', own.claimed), first, last,
  }
  for worker, consumer in pairs(consumers) do
    facts[#facts + 1] = worker
    facts[#facts + 1] = consumer[1]
    facts[#facts + 1] = since_ms(consumer[2])
    facts[#facts + 1] = since_ms(consumer[3])
  end
  return facts, next(consumers) ~= nil
end

-- The id of the first entry, or of the last one; false if there is none, nil if too many events had to be looked
-- at. claim: of the first claim, or the last one, or false.
local function end_id(queue, claim, is_reverse)
  local ids = entries_between(queue, FIRST_PLACE, LAST_PLACE, 1, is_reverse, true)
  if not ids or not claim or not ids[1] then
    return ids and (ids[1] or claim)
  end
  local place, claimed = place_of(queue, ids[1]) or FIRST_PLACE, place_of(queue, claim) or FIRST_PLACE
  local is_claim = is_reverse and claimed > place or not is_reverse and claimed < place
  return is_claim and claim or ids[1]
end

local function entry_of(queue, id)
  local value = id and redis.call('HGET', queue.events, id)
  reply_bytes = reply_bytes + (value and #value or 0)
  return value and { id, value } or {}
end

verbs.stream_info = function(from)
  local queue = opened_at(ARGV[from])
  if is_no_stream(queue) then
    return WRONG_TYPE
  elseif not is_of_queue(queue) then
    return NO_QUEUE
  end
  local record, latest, shown = record_of(queue) or {}, latest_place(queue), {}
  if not latest then
    return again()
  end
  local first, last
  for _, group in ipairs(groups_of(queue)) do
    local facts, has_consumers = group_facts(group[1], group[2])
    if not facts then
      return TOO_LARGE
    elseif group[2] == queue then
      first, last = end_id(queue, facts[5], false), end_id(queue, facts[6], true)
    end
    if group[2] ~= queue or record.group or has_consumers then
      shown[#shown + 1] = facts
    end
  end
  if first == nil or last == nil then
    return TOO_LARGE
  end
  return {
    entry_count(queue), id_of_place(latest), record.removed or FIRST_ID, record.added or 0,
    entry_of(queue, first), entry_of(queue, last), shown,
  }
end
