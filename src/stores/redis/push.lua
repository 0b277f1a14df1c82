-- Pushes events at one end of the line. Each is there as a whole (id, contents, place) or not at all.
-- KEYS    queues, of the queue: ready events front
-- ARGV    queue LEFT|RIGHT (id contents)...
-- Returns the places, from 1, of the events refused because their id is ready or claimed

verbs.push = function(from, to)
  require_memory()
  local queue, is_left = queue_at(ARGV[from]), ARGV[from + 1] == 'LEFT'
  local fresh, duplicates = {}, {}
  for at = from + 2, to, 2 do
    -- One by one: asking for all ids at once would bring the contents of duplicates into memory.
    if redis.call('HSETNX', queue.events, ARGV[at], ARGV[at + 1]) == 1 then
      fresh[#fresh + 1] = ARGV[at]
    else
      duplicates[#duplicates + 1] = (at - from) / 2
    end
  end
  if #fresh == 0 then
    return duplicates
  end
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
  became_ready(queue, #fresh)
  return duplicates
end
