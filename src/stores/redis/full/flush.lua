-- Removes all events of a queue, in all states, and those of the groups of a stream. Settings and pauses stay,
-- and what groups of events have of their own.
-- KEYS    of the queues: all but rate
-- ARGV    queue
-- Returns how many of their keys were there

-- So many groups with something of their own keep the order in which they began. Others begin anew.
local GROUPS_KEPT = 1000

-- The records of groups with something of their own.
local function read_kept(queue)
  local keys = redis.call('HKEYS', OWN_GROUPS .. queue.name)
  keys = { unpack(keys, math.max(1, #keys - GROUPS_KEPT + 1)) }
  groups.read(queue, keys)
  return keys
end

-- Writes them, without events.
local function keep_groups(queue, keys)
  for _, key in ipairs(keys) do
    local record = queue.groups[key]
    record.ready, record.claimed, record.held, record.delayed, record.room = 0, 0, 0, 0, 0
    record.turn = record.begin
    groups.note_own(queue, record, nil)
    groups.note(queue, record)
  end
  groups.settle(queue)
  queue.groups = nil
end

-- What is to be kept of groups, or nil.
local function groups_to_keep(queue)
  if queue.groups then
    groups.settle(queue)
    queue.groups = nil
  end
  look_at(queue)
  return queue.has_own_groups and read_kept(queue)
end

-- Removes the events of one queue, and its record. Returns how many of its keys were there.
local function flush_one(queue)
  local ids, name = {}, queue.name
  for id in pairs(left_out[name] or {}) do
    ids[#ids + 1] = id
  end
  fill_in(queue, ids)
  shrank(queue)
  -- Also keys of the wrong type.
  local is_readable, kept = pcall(groups_to_keep, queue)
  local count = redis.call('UNLINK', queue.ready, queue.claimed, queue.events, queue.front, queue.claims,
    DELAYED .. name, FAILED .. name, COMPLETED .. name, EXPIRES .. name, MORE .. name,
    ERRORS .. name, LOG .. name, DONE .. name, GHOSTS .. name, REVIEW .. name,
    RETRYING .. name, WINDOWS .. name, UNIQUE .. name, UNIQUE_ENDS .. name, RANKED .. name,
    GROUPED .. name, GROUPS .. name, TURNS .. name, GROUP_RATES .. name, PLACES .. name,
    STREAM .. name)
  if is_readable and kept then
    keep_groups(queue, kept)
  end
  -- What is known of the queue is read anew.
  queue.config, queue.is_open, queue.was_flushed, trees = nil, false, true, {}
  queue.group_limit, queue.record = nil, nil
  return count
end

-- Removes the events of a queue. If it is a stream, the streams that are bound to it are unbound, and theirs
-- are removed too.
local function flush_queue(queue)
  local key, groups_of_stream = STREAM .. queue.name, {}
  if redis.call('EXISTS', key) == 1 then
    became_ready(queue, GROUP_ENDED)
    local is_readable, names = pcall(bindings_of, queue)
    local kept = {}
    for _, name in ipairs(is_readable and names or {}) do
      local bound = queue_named(queue.name .. '@' .. name)
      local is_stream = redis.call('EXISTS', STREAM .. bound.name) == 1
      groups_of_stream[#groups_of_stream + 1] = is_stream and bound or nil
      kept[#kept + 1] = not is_stream and name or nil
    end
    if #groups_of_stream > 0 then
      keep_bindings(queue, kept)
    end
  end
  local count = flush_one(queue)
  for _, bound in ipairs(groups_of_stream) do
    count = count + flush_queue(bound)
  end
  return count
end

verbs.flush = function(from)
  return flush_queue(queue_at(ARGV[from]))
end
