-- How new events enter the line.
-- KEYS    queues lists, of the queue: ready events front
-- ARGV    (none)
-- Returns nothing by itself

-- Puts new events, whose contents are in the hash, in line. If that fails they are gone.
local function line_up(queue, is_left, fresh)
  local added
  if is_left then
    added = redis.pcall('LPUSH', queue.ready, unpack(fresh))
  else
    will_have_extras(queue)
    added = redis.pcall('ZADD', queue.front, unpack(at_right_end(fresh)))
  end
  if type(added) == 'table' then
    redis.call('HDEL', queue.events, unpack(fresh))
    error(added)
  end
  -- As many as are there now: it may not have had any before.
  local listed = added == #fresh and redis.pcall('ZADD', queues_key, 0, queue.name)
  if type(listed) == 'table' then
    redis.call('HDEL', queue.events, unpack(fresh))
    if is_left then
      redis.call('LPOP', queue.ready, #fresh)
    else
      redis.call('ZREM', queue.front, unpack(fresh))
    end
    error(listed)
  end
  if listed and shrunk[queue.name] and redis.call('HLEN', queue.events) == #fresh then
    -- It lost its last event in this batch: it is no list any more.
    redis.pcall('SREM', LISTS, queue.name)
  end
  became_ready(queue, #fresh)
end
