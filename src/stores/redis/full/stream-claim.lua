-- Gives claims of a group to a consumer.
-- KEYS    timers, of the queue: all, set, and of the queue for failed events
-- ARGV    queue group claimant minMs COUNTED|- IDS|ALL|OWN id... (ALL, OWN: a place, and how many; OWN: of the
--         same worker)
-- Returns a list of the name of the queue of the group, the place of the next claim, or nil, and a list of what
--         popped_one answers of each claim and for how many ms it was claimed before; -3 for a name of another kind, -4 if
--         too many claims had to be looked at, or there are too many bytes, -7 if the group is not there

-- What undoes nothing, in the place of the tick of a claim.
local NO_CLAIM = -1

-- The claims that are asked for, as claims_between answers them, and the id of the next place, or false; nil if
-- there are too many.
local function wanted_claims(own, from, to, least)
  local function is_idle(begin)
    return least == 0 or idle_ms(begin) >= least
  end
  if ARGV[from + 5] == 'IDS' then
    local found, ids = {}, {}
    for at = from + 6, to do
      ids[#ids + 1] = ARGV[at]
    end
    read_some_claims(own, ids, function(id, begin, record)
      if is_idle(begin) then
        found[#found + 1] = { id = id, begin = begin, record = record }
      end
    end)
    return found, false
  end
  local worker, count = ARGV[from + 5] == 'OWN' and worker_of(ARGV[from + 2]), tonumber(ARGV[from + 7])
  local places, is_any = {}, least == 0 and not worker
  local function fits(begin, record)
    return is_idle(begin) and (not worker or worker_in(record) == worker)
  end
  local first = place_of_id(ARGV[from + 6])
  local found = claims_between(own, first, LAST_PLACE, count, not is_any and fits or nil, places)
  local last, following = found and found[count] and found[count].place, false
  for _, place in ipairs(last and places or {}) do
    if place > last and not (following and place >= following) then
      following = place
    end
  end
  return found, following and id_of_place(following)
end

-- Adds their values; returns whether these are too many bytes.
local function add_values(own, claims)
  local ids = {}
  for at, each in ipairs(claims) do
    ids[at] = each.id
  end
  return each_value(own, ids, function(at, value)
    claims[at].value = value
  end)
end

-- The claim has ended as by a crash, and the event is claimed at once: that counts, and is a turn.
local function hand_out_again(own, more)
  ended[own.name] = true
  if more.G then
    make_groups()
    groups.leave_claimed(own, more)
  end
  if own.has_groups then
    groups.give_turn(own, more, more.G ~= nil)
  end
  if own.rate then
    rates.add_in(own)
  end
end

-- Returns what popped_one answers, and the tick at which the claim began; or nil, and the record of an event
-- that goes where a crash brings it.
local function claim_anew(own, one, claimant, is_counted)
  local id, more, old = one.id, more_of(own, one.id), one.record
  if is_counted then
    local ended_by = one.claimant or string.match(old, '^%S+ %d+ %d+ *(.*)$') or ''
    if more.x or count_crash(own, id, { claimant = ended_by }, more) then
      return nil, more
    end
    hand_out_again(own, more)
    keep_more(own, id, more)
  end
  local lease, tick, token = tonumber(string.match(old, '^%S+ %d+ (%d+)')) or USUAL_LEASE_MS, take_ticks(1), made()
  enter_claimed(own, id, tick, lease, token, claimant)
  return {
    id, one.value, is_counted and tick or NO_CLAIM, lease, string.format('%.0f', one.begin), token,
    1 + (more.f or 0) + (more.c or 0), false,
  }, tick
end

-- Claims them one after the other. Returns claims and idle times, and the events that had no attempt left.
local function claim_all(own, claims, claimant, least, is_counted)
  local replies, over, begun, are_over = {}, {}, {}, {}
  putting_off(own, function()
    for first = 1, #claims, CLAIMS_AT_ONCE do
      local ids = {}
      for at = first, math.min(#claims, first + CLAIMS_AT_ONCE - 1) do
        ids[#ids + 1] = claims[at].id
      end
      read_events(own, ids, false)
      for at = first, first + #ids - 1 do
        local one = claims[at]
        -- It may be named twice.
        if begun[one.id] then
          one.begin, one.claimant = begun[one.id], claimant
        end
        local idle = idle_ms(one.begin)
        if one.value and not are_over[one.id] and idle >= least then
          local popped, begin_or_more = claim_anew(own, one, claimant, is_counted)
          if popped then
            begun[one.id] = begin_or_more
            replies[#replies + 1] = popped
            replies[#replies + 1] = idle
          else
            are_over[one.id] = true
            over[#over + 1] = { one.id, begin_or_more }
          end
        end
      end
    end
  end)
  return replies, over
end

verbs.stream_claim = function(from, to)
  local own, otherwise = group_at(from)
  if not own then
    return otherwise
  end
  read_counter()
  local least, claimant = tonumber(ARGV[from + 3]), ARGV[from + 2]
  local claims, following = wanted_claims(own, from, to, least)
  if not claims or add_values(own, claims) then
    return TOO_LARGE
  end
  local replies, over = claim_all(own, claims, claimant, least, ARGV[from + 4] == 'COUNTED')
  for _, each in ipairs(over) do
    local id, more = each[1], each[2]
    leave_claimed(own, id, more)
    if more.x then
      erase(own, id, more)
    else
      tally(own, 'failed')
      fail_for_good(own, id, more)
    end
  end
  if own.record then
    note_consumer(own, worker_of(claimant), #replies > 0)
  end
  for at = 1, #replies, 2 do
    reply_bytes = reply_bytes + #replies[at][2]
  end
  return { own.name, following, replies }
end
