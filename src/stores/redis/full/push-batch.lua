-- Pushes all of these events in one step, or none.
-- KEYS    queues, of the queue: all
-- ARGV    queue LEFT|RIGHT options (ID|NEW, id, value)... (options as those of push)
-- Returns of each event 1, or the id that was made, or 0 for a duplicate; or -1 for a full queue, or
--         -2 for a paused one

-- How many of them are not there yet, and a set of the ids that are named.
local function count_new(queue, from, to)
  local count, named = 0, {}
  for at = from, to, 3 do
    local id = ARGV[at + 1]
    if ARGV[at] == 'NEW' then
      count = count + 1
    elseif not named[id] then
      named[id] = true
      count = count + (is_taken(queue, id) and 0 or 1)
    end
  end
  return count, named
end

local function refused(reply)
  is_refused = true
  return { reply }
end

verbs.push_batch = function(from, to)
  require_memory()
  local queue, is_left, replies = opened_at(ARGV[from]), ARGV[from + 1] == 'LEFT', {}
  local options, of_batch = options_in(ARGV[from + 2]), {}
  if not queue.is_judged and is_paused(queue, 'in') then
    return refused(PAUSED_QUEUE)
  end
  local is_dropping, events = setting(queue, 'on-full') == 'drop-oldest', (to - from - 2) / 3
  local count, named = count_new(queue, from + 3, to)
  if not queue.is_judged and not has_room(queue, is_dropping and events or count) then
    return refused(FULL_QUEUE)
  end
  if count > 0 then
    local surplus = math.min(surplus_of(queue, count), count + DROPPED_AT_ONCE)
    drop_oldest(queue, surplus, named, events)
  end
  for at = from + 3, to, 3 do
    local id, value = ARGV[at + 1], ARGV[at + 2]
    if ARGV[at] == 'NEW' then
      id = new_id(queue)
      push_new(queue, is_left, id, value, options)
      replies[#replies + 1] = id
    elseif is_taken(queue, id) then
      replies[#replies + 1] = push_taken(queue, is_left, id, value, options, of_batch)
    else
      push_new(queue, is_left, id, value, options)
      report_kept(queue, id, options)
      take_window(queue, id)
      replies[#replies + 1] = PUSHED
    end
    of_batch[id] = true
  end
  return replies
end
