-- Pushes events on the left, one after the other, each under an id that is greater than the latest one.
-- KEYS    queues counter, of the queue: all, set
-- ARGV    queue ALWAYS|THERE ms? seq? KEEP|LENGTH|FROM bound slack most value... (THERE: only if it is a stream
--         or has events; ms and seq: of the id, if there is one event; LENGTH: trims to that length, if slack
--         or more of them go; FROM: trims up to that id; at most so many)
-- Returns of each operation the id, or nil if it is not THERE, or -3 for a name of another kind, -5 if the id is
--         not greater than the latest one, -6 if there is no greater one, or what list_push answers for a
--         queue that takes no more; shorter behind many copies

local SMALLER, NO_MORE = -5, -6

-- More ids are not passed over one by one.
local STEP_MAX = 1024

-- The place of the next event, or a refusal; nil behind too many ghosts.
local function choose(queue, ms, seq)
  local latest = latest_place(queue)
  if not latest then
    return nil
  elseif seq ~= '' then
    local place = digits_of(ms) .. digits_of(seq)
    local is_free = place > latest and not is_in_tree(queue, id_of_place(place))
    return is_free and place or latest == LAST_PLACE and NO_MORE or SMALLER
  end
  ms = ms ~= '' and digits_of(ms) or nil
  local place, step = place_behind(latest, ms), 1
  -- A client may have pushed many ids in front: then more and more are left out.
  while place and is_in_tree(queue, id_of_place(place)) do
    place, step = place_after(place, step, ms), math.min(step * 2, STEP_MAX)
  end
  return place or (ms and latest ~= LAST_PLACE and SMALLER or NO_MORE)
end

local function add_one(queue, ms, seq, value, terms)
  if not queue.is_judged and paused_one(queue) then
    return pushing.refusal(queue, 1)
  end
  local id = table.remove(queue.made)
  if not id then
    local place = choose(queue, ms, seq)
    if type(place) ~= 'string' then
      return place
    end
    id = id_of_place(place)
  end
  local refusal = pushing.refusal(queue, 1)
  if refusal then
    return refusal
  end
  if not record_of(queue) and not has_events(queue) then
    make_record(queue)
  end
  make_room(queue, 1)
  pushing.plain(queue, true, id, value)
  if queue.record then
    write_record(queue, { last = id, added = queue.record.added + 1 })
  end
  if terms then
    trim_tree(queue, terms)
  end
  return id
end

-- Makes the ids of so many events at once, if each is greater than the latest one.
local function make_greater_ids(queue, count)
  local latest = count > 1 and latest_place(queue)
  pushing.make_ids(queue, latest and count or 0)
  local first = queue.made[#queue.made]
  if first and place_of_id(first) <= latest then
    queue.made = {}
  end
end

-- Adds the values from ARGV[first] to ARGV[to]. Returns the replies.
local function add_all(queue, ms, seq, terms, first, to)
  local replies = {}
  for at = first, to do
    local reply = add_one(queue, ms, seq, ARGV[at], terms)
    if reply == nil then
      return #replies > 0 and replies or again()
    end
    is_refused = is_refused or pushing.is_refusal(reply)
    replies[#replies + 1] = reply
    if pushing.has_ended_early() then
      break
    end
  end
  return replies
end

verbs.stream_add = function(from, to)
  require_memory()
  read_counter()
  verb_named('push')
  local queue, replies = opened_at(ARGV[from]), {}
  local terms, first = trim_terms(from + 4), from + 8
  if is_no_stream(queue) then
    for at = first, to do
      replies[at - first + 1] = WRONG_TYPE
    end
    return replies
  elseif ARGV[from + 1] == 'THERE' and not is_of_queue(queue) then
    return { false }
  end
  make_greater_ids(queue, ARGV[from + 2] == '' and to - first + 1 or 1)
  local function run()
    replies = add_all(queue, ARGV[from + 2], ARGV[from + 3], terms, first, to)
  end
  if terms then
    -- What is trimmed may have entered just before.
    run()
  else
    pushing.many(queue, to - first + 1, run)
  end
  queue.made = nil
  return replies
end
