-- The ready events with a priority but 0, and without a group. All have the same score in a sorted set,
-- so that their order is that of the bytes of its members: 1000 less the priority in 4 digits, then the
-- place (see line.lua), then the id. The place is in their records, too, as q.
-- KEYS    of the queue: ranked
-- ARGV    (none)
-- Returns nothing by itself

ranked.id_in = function(member)
  return string.sub(member, ID_IN_RANKED)
end

-- As "places" has them.
ranked.prefix, ranked.order_of = ranked_prefix, priority_and_place

local function member_of(id, more)
  return ranked_prefix(more.n, more.q) .. id
end

-- place: nil for the left end.
ranked.enter = function(queue, id, more, place)
  place = place or PUSHED_LEFT + take_ticks(1)
  if more.q ~= place then
    more.q = place
    keep_more(queue, id, more)
  end
  local put_off = queue.put_off
  if put_off then
    if #put_off.ranked > 0 then
      -- It may be one of those that leave.
      write_ranked(queue)
    end
    put_off.enters[#put_off.enters + 1] = '0'
    put_off.enters[#put_off.enters + 1] = member_of(id, more)
  else
    redis.call('ZADD', RANKED .. queue.name, 0, member_of(id, more))
  end
  if queue.ranked_slice then
    queue.ranked_slice, queue.ranked_at = {}, 1
  end
end

ranked.leave = function(queue, id, more)
  write_ranked(queue)
  return more.q and redis.call('ZREM', RANKED .. queue.name, member_of(id, more)) == 1
end

-- So many members are read at a time.
local RANKED_AT_ONCE = 32

-- To be called before pops, during which commands are put off: about how many will follow.
ranked.begin_pops = function(queue, count)
  queue.ranked_slice, queue.ranked_at = {}, 1
  queue.ranked_size = math.max(1, math.min(count, RANKED_AT_ONCE))
end

local function next_member(queue)
  local key = RANKED .. queue.name
  if not queue.ranked_slice then
    write_ranked(queue)
    return redis.call('ZRANGE', key, 0, 0)[1]
  elseif not queue.ranked_slice[queue.ranked_at] then
    write_ranked(queue)
    queue.ranked_slice, queue.ranked_at = redis.call('ZRANGE', key, 0, queue.ranked_size - 1), 1
    local ids = {}
    for at, member in ipairs(queue.ranked_slice) do
      ids[at] = ranked.id_in(member)
    end
    read_small_events(queue, ids)
  end
  return queue.ranked_slice[queue.ranked_at]
end

-- The member that is next out, if its priority is above 0 or that does not matter.
ranked.first = function(queue, is_above)
  local member = next_member(queue)
  return member and (not is_above or member < '1000') and member
end

ranked.leave_first = function(queue, member)
  if queue.ranked_slice then
    queue.ranked_at = queue.ranked_at + 1
    queue.put_off.ranked[#queue.put_off.ranked + 1] = member
  else
    redis.call('ZREM', RANKED .. queue.name, member)
  end
end

-- Of the lowest priority the member that is next out, if it is below 0 or that does not matter.
ranked.lowest = function(queue, is_below)
  write_ranked(queue)
  local last = redis.call('ZRANGE', RANKED .. queue.name, -1, -1)[1]
  if not last or is_below and last < '1001' then
    return nil
  end
  local least = '[' .. string.sub(last, 1, 4)
  return redis.call('ZRANGEBYLEX', RANKED .. queue.name, least, '+', 'LIMIT', 0, 1)[1]
end
