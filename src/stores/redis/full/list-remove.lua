-- Removes events with these contents.
-- KEYS    of the queue: all, set
-- ARGV    queue count (negative: from the right; 0: all) contents
-- Returns how many; -3 for a name of another kind, -4 if the list is too long, or too many bytes were read

-- So many ids of the list are passed over in search of some; of more all are read once.
local SEARCHED_MAX = 100000

-- Takes these ids out of the list.
local function leave_list(queue, parts, ids)
  if #ids * redis.call('LLEN', queue.ready) <= SEARCHED_MAX then
    for _, id in ipairs(ids) do
      -- Of equal ids the ghosts are on the right.
      redis.call('LREM', queue.ready, 1, id)
    end
    return
  end
  local is_gone, kept = {}, {}
  for _, id in ipairs(ids) do
    is_gone[id] = true
  end
  local first, behind = span_of_list(parts)
  for _, id in ipairs(ids_between(parts, first, behind - 1)) do
    kept[#kept + 1] = not is_gone[id] and id or nil
  end
  redis.call('DEL', queue.ready, queue.ghosts)
  queue.has_ghosts = false
  in_slices('RPUSH', queue.ready, kept)
end

-- Those with these contents, up to so many, and of them those of the list; nil behind too many bytes.
local function found_in(queue, parts, length, count, contents)
  local ids, found, listed = ids_between(parts, 0, length - 1), {}, {}
  local first, behind = span_of_list(parts)
  local most, in_order = count == 0 and length or math.abs(count), ids
  if count < 0 then
    in_order = {}
    for at = #ids, 1, -1 do
      in_order[#in_order + 1] = ids[at]
    end
  end
  local is_over = each_value(queue, in_order, function(at, value, head)
    if has_contents(value, head, contents) then
      local index = count < 0 and #ids - at or at - 1
      found[#found + 1] = in_order[at]
      listed[#listed + 1] = index >= first and index < behind and in_order[at] or nil
    end
    return #found == most
  end)
  if not is_over then
    return found, listed
  end
end

verbs.list_remove = function(from)
  local queue, count = opened_at(ARGV[from]), tonumber(ARGV[from + 1])
  if is_no_list(queue) then
    return WRONG_TYPE
  end
  local length = ready_count(queue)
  if not may_go(queue, length) then
    return TOO_LARGE
  end
  local parts = parts_of(queue)
  local found, listed = found_in(queue, parts, length, count, ARGV[from + 2])
  if not found then
    return TOO_LARGE
  end
  leave_list(queue, parts, listed)
  drop_ready(queue, found)
  return #found
end
