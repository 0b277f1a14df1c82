-- Takes events for consumers of a group. Each claimant gets up to count of them.
-- KEYS    timers, of the queues: all, set
-- ARGV    queue group count LEASE|- bytes claimant... (-: without claims)
-- Returns a list of the name of the queue of the group, a list of the place, from 1, of the claimant and what
--         popped_one answers, of each event, and how many claimants had their turn: fewer where the reply is
--         long enough, and behind many ghosts; or only a refusal of the first one; -3 for a name of another kind,
--         -7 if the group is not there

-- Whether an id is not greater than a delivered one, as far as their texts tell.
local function is_not_greater(id, delivered)
  return #id == #delivered
    and id <= delivered
    and string.byte(id, (string.find(delivered, '-', 1, true))) == 45
    and string.find(id, '^[1-9]%d*%-[1-9]%d*$') ~= nil
end

local function note_delivered(own, popped)
  local before = own.record.delivered
  local latest = before
  -- Mostly the last one is the greatest.
  for at = #popped, 2, -2 do
    local id, value = popped[at][1], popped[at][2]
    if not is_not_greater(id, latest) then
      local place = place_of_id(id) or end_of_ms(pushed_at(value))
      latest = place > place_of_id(latest) and id_of_place(place) or latest
    end
  end
  if latest ~= before then
    write_record(own, { delivered = latest })
  end
end

-- Notes the consumers from ARGV[first] to ARGV[last].
local function note_all(own, first, last, popped)
  local names, is_active, has_got, name_of = {}, {}, {}, {}
  for at = 1, #popped, 2 do
    has_got[popped[at]] = true
  end
  for at = first, last do
    -- Mostly the same ones claim again and again.
    local name = name_of[ARGV[at]] or worker_of(ARGV[at])
    name_of[ARGV[at]] = name
    if is_active[name] == nil then
      names[#names + 1] = name
    end
    is_active[name] = is_active[name] or has_got[at - first + 1] or false
  end
  note_consumers(own, names, is_active)
end

verbs.stream_take = function(from, to)
  verb_named('pop_batch')
  local own, otherwise = group_at(from)
  if not own then
    return otherwise
  end
  local count, bytes, first, done = tonumber(ARGV[from + 2]), tonumber(ARGV[from + 4]), from + 5, 0
  local terms, popped, refusal, is_behind = { wanted = ARGV[from + 3] == '-' and 0 or nil }, {}, nil, nil
  putting_off(own, function()
    popping.begin(own, count * (to - first + 1))
    own.reads_ahead = terms.wanted == nil and (count > 1 or to > first)
    for at = first, to do
      local length = #popped
      terms.left, terms.bytes, terms.claimant = count, bytes, ARGV[at]
      refusal, is_behind = popping.now(own, at - first + 1, terms, popped)
      if #popped == length and (refusal or is_behind) then
        return
      end
      done = done + 1
      if reply_bytes >= REPLY_BYTES_MAX then
        return
      end
    end
  end)
  if done == 0 and refusal then
    is_refused = true
    return end_refused(refusal)
  end
  local not_made = done <= to - first and is_behind and again()
  if done == 0 then
    return not_made
  end
  if own.record then
    note_delivered(own, popped)
    note_all(own, first, first + done - 1, popped)
  end
  return { own.name, popped, done }
end
