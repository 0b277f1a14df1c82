-- The line of ready events: the sorted set "front", whose first is the next one out, and to the left of
-- it a list. An event that leaves the middle of the list leaves its id there, because looking for it
-- would take too long: a ghost. Of equal ids in the list the ghosts are the ones on the right.
-- Events with a priority (n of their records) are elsewhere, see ranked.lua, and so are those of a
-- group (G): see grouped.lua.
-- KEYS    of the queue: ready front ghosts expires
-- ARGV    (none)
-- Returns nothing by itself

-- To be called before an event comes to a group, if that one has not counted it.
local function will_join(queue, group)
  if group and queue.groups then
    groups.begin_anew(queue, group)
  end
end

-- score: its place in front of the list; nil: the left end of the list.
local function enter_line(queue, id, more, score)
  if more.G then
    make_groups()
    return groups.enter(queue, id, more)
  elseif queue.has_groups then
    groups.note_ungrouped(queue)
  end
  if more.n then
    make_ranked()
    queue.has_ranked = true
    ranked.enter(queue, id, more, score)
  elseif score then
    queue.has_front = true
    redis.call('ZADD', queue.front, score, id)
  else
    queue.entered = (queue.entered or 0) + 1
    if queue.put_off then
      queue.put_off.listed[#queue.put_off.listed + 1] = id
    else
      redis.call('LPUSH', queue.ready, id)
    end
  end
end

local function ghost_count(queue)
  return queue.has_ghosts and tonumber(redis.call('HGET', queue.ghosts, 'all')) or 0
end

-- How many without a group are ready.
local function ungrouped_count(queue)
  write_listed(queue)
  local count = redis.call('LLEN', queue.ready) - ghost_count(queue)
  if queue.has_ranked then
    write_ranked(queue)
    count = count + redis.call('ZCARD', RANKED .. queue.name)
  end
  return count + redis.call('ZCARD', queue.front)
end

-- How many are ready.
local function ready_count(queue)
  local count = ungrouped_count(queue)
  return queue.has_groups and count + groups.ready_count(queue) or count
end

-- About how many of them groups let go now; none only if there is none.
local function free_count(queue)
  local count = ungrouped_count(queue)
  return queue.has_groups and count + groups.free_count(queue) or count
end

-- Up to so many ids at the right end of the list, from right to left.
local function right_end(queue, count)
  local listed, ids = redis.call('LRANGE', queue.ready, -count, -1), {}
  for at = #listed, 1, -1 do
    ids[#ids + 1] = listed[at]
  end
  return ids
end

-- How often each of these ids stands in the list as a ghost.
local function ghosts_among(queue, ids)
  local fields, counts = {}, {}
  for at, id in ipairs(ids) do
    fields[at] = '=' .. id
  end
  for at, count in ipairs(redis.call('HMGET', queue.ghosts, unpack(fields))) do
    -- Another program may have written something else.
    counts[ids[at]] = math.max(0, tonumber(count) or 0)
  end
  return counts
end

-- Whether that id stands in the list as a ghost.
local function has_ghost(queue, id)
  return queue.has_ghosts and ghosts_among(queue, { id })[id] > 0
end

-- These ghosts are no longer in the list. left: how often each of their ids still is.
local function forget_ghosts(queue, ids, left)
  if #ids == 0 then
    return
  elseif redis.call('HINCRBY', queue.ghosts, 'all', -#ids) <= 0 then
    redis.call('DEL', queue.ghosts)
    queue.has_ghosts = false
    return
  end
  local gone, changed = {}, {}
  for _, id in ipairs(ids) do
    if left[id] == 0 then
      gone[#gone + 1] = '=' .. id
    else
      changed[#changed + 1] = '=' .. id
      changed[#changed + 1] = left[id]
    end
  end
  if #gone > 0 then
    redis.call('HDEL', queue.ghosts, unpack(gone))
  end
  if #changed > 0 then
    redis.call('HSET', queue.ghosts, unpack(changed))
  end
end

-- How many ghosts leave one end of a list at once, and in one batch. More would hold up Redis.
local GHOSTS_AT_ONCE = 100
local GHOSTS_OF_BATCH = 1000

-- Whether another slice of ghosts may leave in this batch. If not, the queue notes in "is_behind" that
-- it does not know yet what stands behind them: see again.
local function may_drop(queue)
  queue.dropped = queue.dropped or 0
  queue.is_behind = queue.dropped >= GHOSTS_OF_BATCH
  return not queue.is_behind
end

-- The id at the right end of the list, without ghosts behind it.
local function last_listed(queue)
  write_listed(queue)
  while queue.has_ghosts do
    local id = redis.call('LINDEX', queue.ready, -1)
    if not id or not has_ghost(queue, id) then
      return id
    elseif not may_drop(queue) then
      return false
    end
    local ids, ghosts = right_end(queue, GHOSTS_AT_ONCE), {}
    local left = ghosts_among(queue, ids)
    for _, each in ipairs(ids) do
      if left[each] == 0 then
        break
      end
      left[each] = left[each] - 1
      ghosts[#ghosts + 1] = each
    end
    redis.call('RPOP', queue.ready, #ghosts)
    forget_ghosts(queue, ghosts, left)
    queue.dropped = queue.dropped + #ghosts
  end
  return redis.call('LINDEX', queue.ready, -1)
end

-- The next one out of those with a priority of 0, and its score in front of the list.
local function first_of_middle(queue)
  local first = queue.has_front and redis.call('ZRANGE', queue.front, 0, 0, 'WITHSCORES') or {}
  if first[1] then
    return first[1], first[2]
  end
  return last_listed(queue), nil
end

-- Of those without a group the next one out, its place in front of the list, and its member in "ranked".
local function first_ungrouped(queue)
  local id, place
  local member = queue.has_ranked and ranked.first(queue, true)
  if not member then
    id, place = first_of_middle(queue)
    member = not id and not queue.is_behind and queue.has_ranked and ranked.first(queue, false)
  end
  if member then
    id = ranked.id_in(member)
  end
  return id, place, member
end

-- What a verb answers that has found nothing but ghosts: okq makes this call and those after it in
-- another batch.
local function again()
  reply_bytes = REPLY_BYTES_MAX
  return NOT_MADE
end

-- The next one out leaves the line.
local function leave_right(queue, id, score, member)
  if member then
    ranked.leave_first(queue, member)
  elseif score then
    redis.call('ZREM', queue.front, id)
  else
    redis.call('RPOP', queue.ready)
  end
end

-- Takes the next one without a group out of the line.
local function take_ungrouped(queue)
  if not (queue.has_ranked or queue.has_front or queue.has_ghosts) then
    write_listed(queue)
    return redis.call('RPOP', queue.ready), nil
  end
  local id, score, member = first_ungrouped(queue)
  if id then
    leave_right(queue, id, score, member)
  end
  return id, score
end

-- Takes the next one out of the line.
local function take_first(queue)
  local id, score
  if queue.has_groups then
    id, score = groups.take(queue)
  else
    id, score = take_ungrouped(queue)
  end
  if id and queue.has_expires then
    redis.call('ZREM', queue.expires, id)
  end
  return id, score
end

-- From anywhere in the line but the list. Returns whether the event cannot stand in the list.
local function leave_other(queue, id, more)
  if more.G then
    groups.leave(queue, id, more)
    return true
  elseif queue.has_groups then
    groups.note_ungrouped(queue)
  end
  if more.n then
    if queue.has_ranked then
      ranked.leave(queue, id, more)
    end
    return true
  end
  return queue.has_front and redis.call('ZREM', queue.front, id) == 1
end

-- From anywhere in the line.
local function leave_line(queue, id, more)
  if leave_other(queue, id, more) then
    return
  end
  write_listed(queue)
  local is_last = redis.call('LINDEX', queue.ready, -1) == id
  if is_last and not has_ghost(queue, id) then
    redis.call('RPOP', queue.ready)
  elseif redis.call('LINDEX', queue.ready, 0) == id then
    redis.call('LPOP', queue.ready)
  else
    queue.has_ghosts = true
    redis.call('HINCRBY', queue.ghosts, '=' .. id, 1)
    redis.call('HINCRBY', queue.ghosts, 'all', 1)
  end
  if queue.has_ghosts then
    last_listed(queue)
  end
end

-- So many ghosts may stand in a list, and more where they are fewer than its events.
local GHOSTS_KEPT = 1000
-- So many ids leave the right end of such a list in a batch, and two for each that enters it.
local MOVED_AT_ONCE = 500

-- Whether an event has this place in front of the list because it left the list, some years ago at
-- most.
local function was_listed(score)
  return tonumber(score) > now() * TICKS_PER_MS + PUSHED_LEFT / 2
end

-- Moves events from the right end of the list to the end of the front, and drops the ghosts between
-- them.
local function move_slice(queue, count)
  local ids = right_end(queue, count)
  if #ids == 0 then
    redis.call('DEL', queue.ghosts)
    queue.has_ghosts = false
    return
  end
  local left, ghosts, scored = ghosts_among(queue, ids), {}, {}
  local last = tonumber(redis.call('ZRANGE', queue.front, -1, -1, 'WITHSCORES')[2] or 0)
  local place = math.max(PUSHED_LEFT + take_ticks(#ids), last + 1)
  for _, id in ipairs(ids) do
    if left[id] > 0 then
      left[id] = left[id] - 1
      ghosts[#ghosts + 1] = id
    else
      scored[#scored + 1] = place + #scored / 2
      scored[#scored + 1] = id
    end
  end
  if #scored > 0 then
    queue.has_front = true
    redis.call('ZADD', queue.front, unpack(scored))
  end
  redis.call('RPOP', queue.ready, #ids)
  forget_ghosts(queue, ghosts, left)
end

-- Ghosts behind events that nobody pops would stay for ever.
at_end[#at_end + 1] = function()
  for _, queue in pairs(queues_by_name) do
    local left = MOVED_AT_ONCE + 2 * (queue.entered or 0)
    while queue.is_open and left > 0 do
      local count = ghost_count(queue)
      if count <= GHOSTS_KEPT or count <= redis.call('LLEN', queue.ready) / 2 then
        break
      end
      move_slice(queue, math.min(left, MOVED_AT_ONCE))
      left = left - MOVED_AT_ONCE
    end
  end
end
