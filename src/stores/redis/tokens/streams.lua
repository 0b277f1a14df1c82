-- What the small verbs of streams have in common: on queues that have nothing rare, so that no queue is bound
-- to them and no set has their name. The functions of full/stream-record.lua are made when they are needed.
-- KEYS    lists, of the queue: events stream
-- ARGV    (none)
-- Returns nothing by itself

-- Whether a queue without a record is a list.
local function is_list(queue)
  return redis.call('SISMEMBER', LISTS, queue.name) == 1 and redis.call('HLEN', queue.events) > 0
end

-- What a verb answers for a queue that is a list (-3), or has no such group (-7); else whether it is a stream,
-- and its greatest delivered id.
local function look_at_group(queue, group)
  local last, own, delivered =
    unpack(redis.call('HMGET', STREAM .. queue.name, 'last', 'group', 'delivered'), 1, 3)
  if not last and is_list(queue) then
    return -3
  elseif group ~= 'default' and own ~= '=' .. group then
    return -7
  end
  return last and true or false, delivered
end
