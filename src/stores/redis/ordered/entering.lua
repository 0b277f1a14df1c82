-- How new events with priorities and groups enter the line.
-- KEYS    queues rare ordered, of the queue: ranked grouped places
-- ARGV    (none)
-- Returns nothing by itself

local line_up_unordered = line_up
local function line_up(queue, is_left, fresh)
  if are_ordered[queue.name] then
    open(queue)
    note_ungrouped(queue)
  end
  line_up_unordered(queue, is_left, fresh)
end

-- The queue has an event now that only this script and larger ones know.
local function become_ordered(queue)
  if not are_ordered[queue.name] then
    are_ordered[queue.name] = true
    redis.call('SADD', RARE, queue.name)
    redis.call('SADD', ORDERED, queue.name)
  end
end

-- Puts new events, whose contents are in the hash, in line. priorities: by their places among the ids the
-- place in ARGV of the priority; behind it stands the group, as in "groups", or nothing.
local function line_up_ordered(queue, is_left, ids, priorities)
  local keys, first = {}, take_ticks(#ids)
  local placed, ranked, others, added = {}, {}, {}, queue.added
  for at = 1, #ids do
    keys[at] = ARGV[priorities[at] + 1]
  end
  read_groups(queue, keys)
  for at, id in ipairs(ids) do
    local priority, key, tick = ARGV[priorities[at]], keys[at], first + at - 1
    if key ~= '' then
      local record = queue.records[key]
      if record.begin == 0 then
        begin_group(queue, record, tick)
      end
      record.rank, record.ready = math.max(record.rank + 1, tick), record.ready + 1
      note(queue, record)
      local rank = string.format('%016d', record.rank)
      added[#added + 1] = '0'
      added[#added + 1] = string.format('%016d', record.begin) .. rank .. id
      placed[#placed + 1] = id
      placed[#placed + 1] = priority .. ' ' .. rank .. key
    elseif priority ~= '0' then
      local place = is_left and PUSHED_LEFT + tick or -tick
      ranked[#ranked + 1] = '0'
      ranked[#ranked + 1] = ranked_member(id, tonumber(priority), place)
      placed[#placed + 1] = id
      placed[#placed + 1] = priority .. string.format(' %.0f', place)
    else
      others[#others + 1] = id
    end
  end
  queue.slice = nil
  if #placed > 0 then
    become_ordered(queue)
    in_slices('HSET', queue.places, placed)
    redis.call('ZADD', queues_key, 0, queue.name)
  end
  if #ranked > 0 then
    in_slices('ZADD', queue.ranked, ranked)
    queue.has_ranked = true
    note_ungrouped(queue)
    became_ready(queue, #ranked / 2)
  end
  if #others > 0 then
    line_up(queue, is_left, others)
  end
end
