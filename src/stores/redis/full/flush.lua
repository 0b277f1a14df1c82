-- Removes all events of a queue, in all states. Settings and pauses stay, and what groups have of their
-- own.
-- KEYS    of the queue: all but config, rate
-- ARGV    queue
-- Returns how many of its keys were there

-- So many groups with something of their own keep their turns. Others begin anew.
local GROUPS_KEPT = 1000

-- Keeps the records of groups with something of their own, without events.
local function keep_groups(queue)
  local ok, keys = pcall(redis.call, 'HKEYS', OWN_GROUPS .. queue.name)
  if not ok or #keys == 0 then
    return
  end
  make_groups()
  keys[#keys + 1] = ''
  keys = { unpack(keys, math.max(1, #keys - GROUPS_KEPT)) }
  groups.read(queue, keys)
  queue.has_own_groups = true
  for _, key in ipairs(keys) do
    local record = queue.groups[key]
    record.ready, record.claimed, record.held, record.delayed, record.room = 0, 0, 0, 0, 0
    record.has_turned = key == '' and record.turn > 0
    if key ~= '' then
      groups.note_own(queue, record, nil)
    end
    groups.note(queue, record)
  end
end

verbs.flush = function(from)
  local queue = queue_at(ARGV[from])
  local ids, name = {}, queue.name
  for id in pairs(left_out[name] or {}) do
    ids[#ids + 1] = id
  end
  fill_in(queue, ids)
  shrank(queue)
  if queue.groups then
    pcall(groups.settle, queue)
    queue.groups = nil
  end
  pcall(look_at, queue)
  pcall(keep_groups, queue)
  -- Also keys of the wrong type; what is known of the queue is read anew.
  queue.config, queue.is_open, queue.was_flushed, trees = nil, false, true, {}
  return redis.call('UNLINK', queue.ready, queue.claimed, queue.events, queue.front, queue.claims,
    DELAYED .. name, FAILED .. name, COMPLETED .. name, EXPIRES .. name, MORE .. name,
    ERRORS .. name, LOG .. name, DONE .. name, GHOSTS .. name, REVIEW .. name,
    RETRYING .. name, WINDOWS .. name, UNIQUE .. name, UNIQUE_ENDS .. name, RANKED .. name,
    GROUPED .. name, GROUPS .. name, TURNS .. name, GROUP_RATES .. name)
end
