-- Creates a group of a queue: the first one, or one with a bound queue.
-- KEYS    queues, of the queues: all, set
-- ARGV    queue group after (a place, or empty: the last one) MAKING|-
-- Returns what became of it: 1 if it was created, 0 if it is there, -8 if there is no such queue, -9 if the bound
--         queue has not the room, or a list with the queue that would have too many; -3 for a name of another
--         kind, -4 for too many copies; or what list_push answers for a queue that takes no more

local NO_ROOM, APART = -9, -10

-- The entries behind that place which no event of the tree of the bound queue has; nil if these are too many.
local function copied_ids(queue, bound, after)
  local first, ids = next_place(place_of_id(after)), {}
  local all = first and entries_between(queue, first, LAST_PLACE, LIST_REACH + 1, false) or not first and {}
  if not all or not may_look(#all) then
    return nil
  end
  local is_empty = true
  for _, each in ipairs(queues_of(bound)) do
    is_empty = is_empty and redis.call('EXISTS', each.events) == 0
  end
  if is_empty then
    return all
  end
  for _, id in ipairs(all) do
    if not is_in_tree(bound, id) then
      ids[#ids + 1] = id
    end
  end
  return ids
end

-- The ids of those that are still there, and their values, as pushed now; nil if these are too many bytes.
local function values_of(queue, ids)
  local left, values, time = {}, {}, time_bytes(now())
  local is_over = each_value(queue, ids, function(at, value)
    left[#left + 1] = ids[at]
    values[#left] = string.sub(value, 1, 1) .. time .. string.sub(value, 8)
  end)
  if not is_over then
    return left, values
  end
end

local NO_OPTIONS = {}

-- What a push would have been given for such an event.
local function options_of(more)
  return next(more) == nil and NO_OPTIONS or {
    has_json = true, attempts = more.a, backoff = more.b, lease = more.l, ttl = more.t,
    priority = more.n, group = more.G,
  }
end

local function copy_all(queue, bound, ids, values)
  local is_keeper = false
  for _, each in ipairs(keepers_of(bound)) do
    is_keeper = is_keeper or each == bound
  end
  pushing.many(bound, #ids, function()
    for first = 1, #ids, READ_AT_ONCE do
      local last = math.min(#ids, first + READ_AT_ONCE - 1)
      if queue.has_more or queue.has_places then
        read_events(queue, { unpack(ids, first, last) }, false)
      end
      for at = first, last do
        pushing.new(bound, true, ids[at], values[at], options_of(more_of(queue, ids[at])))
        if is_keeper then
          tally(bound, 'pushed')
        end
        if is_keeper and report then
          report('pushed', bound, ids[at])
        end
      end
    end
  end)
  queue.packed, queue.placed, queue.values = nil, nil, nil
end

-- As copy_all, where neither the stream nor the group's queue has anything rare.
local function copy_simple(bound, ids, values)
  local pairs_of = {}
  for at, id in ipairs(ids) do
    pairs_of[2 * at - 1], pairs_of[2 * at] = id, values[at]
    tally(bound, 'pushed')
    if report then
      report('pushed', bound, id)
    end
  end
  in_slices('HSET', bound.events, pairs_of)
  in_slices('LPUSH', bound.ready, ids)
  list_queue(bound)
  bound.entered = (bound.entered or 0) + #ids
  tell_ready(bound, #ids)
end

-- Creates another group than the first one.
local function create_further(queue, group, after)
  local bound = queue_named(queue.name .. '@' .. group)
  if not is_in_shard(bound.name) then
    return APART
  elseif is_no_stream(open(bound)) then
    return WRONG_TYPE
  end
  local record, ids, values = record_of(bound), after == '' and {} or copied_ids(queue, bound, after), nil
  if ids then
    ids, values = values_of(queue, ids)
  end
  if not ids then
    return TOO_LARGE
  end
  local refusing = #ids > 0 and not queue.is_judged and paused_one(bound)
  if refusing then
    is_refused = true
    return { -2, refusing.name }
  elseif full_one(bound, #ids, #ids) then
    return NO_ROOM
  end
  local names = bindings_of(queue)
  names[#names + 1] = group
  local top = too_large(queue, names)
  if top then
    return { top }
  end
  list_queue(queue)
  keep_bindings(queue, names)
  if #ids > 0 then
    make_room(bound, #ids)
  end
  if not record then
    make_record(bound)
  end
  if is_simple(queue) and is_simple(bound) and not bound.config.bindings and not bound.has_completed then
    copy_simple(bound, ids, values)
  else
    copy_all(queue, bound, ids, values)
  end
  return 1
end

verbs.stream_create_group = function(from)
  require_memory()
  verb_named('push')
  local queue, group = opened_at(ARGV[from]), ARGV[from + 1]
  if is_no_stream(queue) then
    return WRONG_TYPE
  elseif ARGV[from + 3] ~= 'MAKING' and not is_of_queue(queue) then
    return NO_QUEUE
  end
  local record = record_of(queue)
  local first = record and record.group
  local own = (group ~= 'default' or first) and queue_of_group(queue, group)
  if own then
    return 0
  elseif first then
    return create_further(queue, group, ARGV[from + 2])
  elseif not record then
    make_record(queue)
  end
  write_record(queue, { group = group })
  return 1
end
