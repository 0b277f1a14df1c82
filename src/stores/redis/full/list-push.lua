-- Pushes values one after the other, with ids that are made here.
-- KEYS    queues lists, of the queue: all, set
-- ARGV    queue LEFT|RIGHT EACH|ALL|THERE value... (EACH: every value is an operation of its own; THERE: only
--         if the list is not empty)
-- Returns of each operation -3 for a name of another kind, -1 for a full queue, or -2 for a paused one, or a list
--         of that and its name if it is bound to this one, or a list of a list: how many are ready then,
--         and the ids; shorter behind many copies

-- So many ids are made at once.
local MADE_AT_ONCE = 1000

local function push_all(queue, is_left, first, last, is_new)
  local count, ids = last - first + 1, {}
  local refusal = refusal_of_push(queue, count)
  if refusal then
    return refusal
  elseif is_new then
    becomes_list(queue)
  end
  make_room(queue, count)
  for from = first, last, MADE_AT_ONCE do
    local to = math.min(last, from + MADE_AT_ONCE - 1)
    make_ids(queue, to - from + 1)
    for at = from, to do
      ids[#ids + 1] = next_made(queue)
      push_plain(queue, is_left, ids[#ids], ARGV[at])
    end
  end
  table.insert(ids, 1, ready_count(queue))
  return { ids }
end

verbs.list_push = function(from, to)
  require_memory()
  local queue, is_left, how, replies = opened_at(ARGV[from]), ARGV[from + 1] == 'LEFT', ARGV[from + 2], {}
  if is_no_list(queue) then
    for at = 1, how == 'EACH' and to - from - 2 or 1 do
      replies[at] = WRONG_TYPE
    end
    return replies
  elseif how == 'THERE' and ready_count(queue) == 0 then
    return { { { 0 } } }
  end
  local is_new = not has_events(queue)
  pushing_many(queue, to - from - 2, function()
    for at = from + 3, to do
      local last = how == 'EACH' and at or to
      local reply = push_all(queue, is_left, at, last, is_new)
      is_refused = is_refused or is_refusal(reply)
      replies[#replies + 1] = reply
      if has_ended_early() or last == to then
        break
      end
    end
  end)
  return replies
end
