-- Puts events in line at one end; each is there as a whole (id, contents, place) or not at all.
-- KEYS    queues, of the queue: ready events
-- ARGV    queue LPUSH|RPUSH (id contents)...
-- Returns the places, from 1, of the events refused because their id is ready or claimed

verbs.push = function(from, to)
  require_memory()
  local queue, add = queue_at(ARGV[from]), ARGV[from + 1]
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
  local length = redis.pcall(add, queue.ready, unpack(fresh))
  if type(length) == 'table' then
    redis.call('HDEL', queue.events, unpack(fresh))
    error(length)
  end
  local listed = length == #fresh and redis.pcall('ZADD', queues_key, 0, queue.name)
  if type(listed) == 'table' then
    redis.call('HDEL', queue.events, unpack(fresh))
    redis.call(add == 'LPUSH' and 'LPOP' or 'RPOP', queue.ready, #fresh)
    error(listed)
  end
  became_ready(queue, #fresh)
  return duplicates
end
