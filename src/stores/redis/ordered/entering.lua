-- How new events with priorities and groups enter the line.
-- KEYS    queues rare ordered, of the queue: ranked grouped places
-- ARGV    (none)
-- Returns nothing by itself

local line_up_unordered = line_up
local function line_up(queue, is_left, fresh)
  if are_ordered[queue.name] then
    local ok, failure = pcall(open, queue)
    if not ok then
      redis.call('HDEL', queue.events, unpack(fresh))
      error(failure, 0)
    end
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

-- The groups in these texts, as in "groups"; '' for none.
local function groups_in(orders)
  local keys = {}
  for at = 1, #orders do
    local order = orders[at]
    local from = string.find(order, '=', 1, true)
    keys[at] = from == 1 and order or from and string.sub(order, from) or ''
  end
  return keys
end

-- Puts new events of an open queue, whose contents are in the hash, in line. orders: of each what
-- push-in-order.lua describes.
local function line_up_ordered(queue, is_left, ids, orders)
  local keys = groups_in(orders)
  read_groups(queue, keys)
  local tick, added, last, placed, ranked, others = take_ticks(#ids), queue.added, #queue.added, {}, {}, {}
  local placed_count, ranked_count = 0, 0
  for at = 1, #ids do
    local id, key, order, place = ids[at], keys[at], orders[at], nil
    if key ~= '' then
      local record = queue.records[key]
      if is_empty(record) then
        begin_group(queue, record, tick)
      end
      local rank = record[OF_RANK] + 1
      rank = rank < tick and tick or rank
      record[OF_RANK], record[OF_READY] = rank, record[OF_READY] + 1
      note(queue, record)
      added[last + 1], added[last + 2] = '0', struct_pack(MEMBER_FORM, record[OF_BEGIN], rank, id)
      last = last + 2
      place = struct_pack('>dc0', rank, order)
    elseif order ~= '' then
      place = ranked_prefix(tonumber(order), is_left and PUSHED_LEFT + tick or -tick)
      ranked[ranked_count + 1], ranked[ranked_count + 2] = '0', place .. id
      ranked_count = ranked_count + 2
    else
      others[#others + 1] = id
    end
    if place then
      placed[placed_count + 1], placed[placed_count + 2] = id, place
      placed_count = placed_count + 2
    end
    tick = tick + 1
  end
  queue.slice = nil
  if placed_count > 0 then
    become_ordered(queue)
    in_slices('HSET', queue.places, placed)
    redis.call('ZADD', queues_key, 0, queue.name)
  end
  if ranked_count > 0 then
    in_slices('ZADD', queue.ranked, ranked)
    queue.has_ranked = true
    note_ungrouped(queue)
    became_ready(queue, ranked_count / 2)
  end
  if #others > 0 then
    line_up(queue, is_left, others)
  end
end
