-- Pushes all of these events in one step, or none.
-- KEYS    queues, of the queue: all
-- ARGV    queue LEFT|RIGHT options (ID|NEW, id, value)... (options as those of push)
-- Returns of each event 1, or the id that was made, or 0 for a duplicate; or -1 for a full queue, or
--         -2 for a paused one, with its name if it is bound to this one

-- How many of them are not there yet, and whether they are, by the ids that are named: 1 or 0.
local function count_new(queue, from, to)
  local count, named = 0, {}
  for at = from, to, 3 do
    local id = ARGV[at + 1]
    if ARGV[at] == 'NEW' then
      count = count + 1
    elseif not named[id] then
      named[id] = is_taken(queue, id) and 1 or 0
      count = count + 1 - named[id]
    end
  end
  return count, named
end

local function refused(refusing, queue, code)
  is_refused = true
  return { refusal_by(refusing, queue, code) }
end

-- Drops what has to go so that so many more fit, but none of the named ids.
local function make_room_for(queue, count, named, events)
  local surplus = math.min(surplus_of(queue, count), count + DROPPED_AT_ONCE)
  drop_oldest(queue, surplus, named, events)
end

verbs.push_batch = function(from, to)
  require_memory()
  local queue, is_left, replies = opened_at(ARGV[from]), ARGV[from + 1] == 'LEFT', {}
  local options, of_batch = options_in(ARGV[from + 2]), {}
  is_list_no_more(queue)
  local paused = not queue.is_judged and paused_one(queue)
  if paused then
    return refused(paused, queue, PAUSED_QUEUE)
  end
  local events, count, named = (to - from - 2) / 3, count_new(queue, from + 3, to)
  local full = not queue.is_judged and full_one(queue, events, count)
  if full then
    return refused(full, queue, FULL_QUEUE)
  end
  for _, each in ipairs(count > 0 and keepers_of(queue) or {}) do
    make_room_for(each, count, named, events)
  end
  make_ids(queue, count_unnamed(from + 3, to, 3))
  pushing_many(queue, events, function()
    for at = from + 3, to, 3 do
      local id, value = ARGV[at + 1], ARGV[at + 2]
      write_before(queue, ARGV[at] == 'ID' and id, options)
      if ARGV[at] == 'NEW' then
        id = next_made(queue)
        push_new(queue, is_left, id, value, options)
        replies[#replies + 1] = id
      elseif named[id] == 1 or of_batch[id] then
        replies[#replies + 1] = push_taken(queue, is_left, id, value, options, of_batch)
      else
        push_new(queue, is_left, id, value, options)
        report_kept(queue, id, options)
        take_window(queue, id)
        replies[#replies + 1] = PUSHED
      end
      of_batch[id] = true
    end
  end)
  has_ended_early()
  return replies
end
