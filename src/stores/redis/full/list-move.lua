-- Takes an event at an end of a queue, and pushes its contents and headers at an end of a queue.
-- KEYS    queues timers lists, of the queues: all, set
-- ARGV    queue LEFT|RIGHT target LEFT|RIGHT
-- Returns what was moved: a list of what popped_one answers and the new id, or nil if there was nothing; or
--         -3 for a name of another kind, or a list of -1 (full) or -2 (paused) and the name of the queue that
--         takes no more

-- Takes an event as popped_one does, but refuses it also if the target takes no more, or is a set.
local function take_for_move(queue, target, is_left)
  return popped_one(queue, 0, nil, false, is_left, function(_, parts)
    if is_no_list(target) then
      return { WRONG_TYPE }
    end
    local refusal = pushing.refusal(target, 1, queue)
    if not refusal and #parts > 0 and not target.is_judged then
      make_counters()
      return counters.refusal(parts, queue, target)
    end
    return type(refusal) == 'number' and { refusal, target.name } or refusal
  end)
end

-- The value of an event that is pushed now.
local function value_of_now(value)
  return string.sub(value, 1, 1) .. time_bytes(now()) .. string.sub(value, 8)
end

verbs.list_move = function(from)
  require_memory()
  verb_named('push')
  local queue, target = opened_at(ARGV[from]), opened_at(ARGV[from + 2])
  if is_no_list(queue) then
    return WRONG_TYPE
  end
  local popped
  if ARGV[from + 1] == 'LEFT' then
    popped = take_for_move(queue, target, true)
  else
    putting_off(queue, function()
      begin_pops(queue, 1)
      popped = take_for_move(queue, target, false)
    end)
  end
  if not popped then
    return queue.is_behind and again() or false
  elseif popped[1] == WRONG_TYPE then
    return WRONG_TYPE
  elseif type(popped[1]) == 'number' then
    is_refused = true
    return popped
  end
  if not has_events(target) then
    becomes_list(target)
  end
  make_room(target, 1)
  local id = new_id(target)
  pushing.plain(target, ARGV[from + 3] == 'LEFT', id, value_of_now(popped[2]))
  return { popped, id }
end
