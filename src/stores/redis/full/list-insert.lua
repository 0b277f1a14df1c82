-- Pushes a value beside the left-most event with these contents, with an id that is made here.
-- KEYS    queues, of the queue: all, set
-- ARGV    queue BEFORE|AFTER contents value
-- Returns of each operation, of which there is one, a list of the number of ready events (-1: none has these
--         contents) and the id, or -3 for a name of another kind, -4 if the list is too long, or has priorities
--         or groups; or what list_push answers for a queue that takes no more

-- Whether ready events have priorities or groups.
local function has_places(queue)
  return queue.has_ranked and redis.call('ZCARD', RANKED .. queue.name) > 0
    or queue.has_groups and groups.ready_count(queue) > 0
end

-- How many stand to the left of the new event; nil if none has these contents.
local function index_beside(queue, ids, is_before, contents)
  local index
  local is_over = each_value(queue, ids, function(at, value, head)
    if has_contents(value, head, contents) then
      index = is_before and at - 1 or at
    end
    return index ~= nil
  end)
  return index, is_over
end

-- Takes these ids out of the line, of which they are one end. listed: so many of them are in the list.
local function take_end(queue, ids, is_left, listed)
  cut(queue, is_left, listed)
  in_slices('ZREM', queue.front, ids)
end

-- Puts these ids back at that end, one after the other.
local function put_at_end(queue, ids, is_left)
  if is_left then
    in_slices('LPUSH', queue.ready, ids)
  else
    queue.has_front = true
    in_slices('ZADD', queue.front, at_right_end(ids))
  end
end

-- The ids on one side of a place, from there to the end of the line; so many stand in it now.
local function beyond(ids, index, count, is_left)
  local found, first, last, step = {}, index + 1, count, 1
  if is_left then
    first, last, step = math.min(index, count), 1, -1
  end
  for at = first, last, step do
    found[#found + 1] = ids[at]
  end
  return found
end

-- There is room for it. index: so many of these ids stand to the left of it.
local function insert(queue, ids, index, value)
  local is_left = index < #ids - index
  make_room(queue, 1)
  -- Events that it dropped were the right-most ones.
  local count = ready_count(queue)
  local listed = redis.call('LLEN', queue.ready) - ghost_count(queue)
  local moved = beyond(ids, index, count, is_left)
  take_end(queue, moved, is_left, is_left and math.min(#moved, listed) or math.max(0, listed - index))
  local id = new_id(queue)
  pushing.plain(queue, is_left, id, value)
  put_at_end(queue, moved, is_left)
  return { ready_count(queue), id }
end

verbs.list_insert = function(from)
  require_memory()
  verb_named('push')
  local queue = opened_at(ARGV[from])
  if is_no_list(queue) then
    return { WRONG_TYPE }
  end
  local length = ready_count(queue)
  if length == 0 then
    return { { { 0, false } } }
  elseif has_places(queue) or not may_go(queue, length) then
    return { TOO_LARGE }
  end
  local ids = ids_between(parts_of(queue), 0, length - 1)
  local index, is_over = index_beside(queue, ids, ARGV[from + 1] == 'BEFORE', ARGV[from + 2])
  if not index then
    return { is_over and TOO_LARGE or { { -1, false } } }
  end
  local refusal = pushing.refusal(queue, 1)
  is_refused = is_refused or refusal ~= nil
  return { refusal or { insert(queue, ids, index, ARGV[from + 3]) } }
end
