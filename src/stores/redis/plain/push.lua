-- Pushes events at one end of the line. Each is there as a whole (id, contents, place) or not at all.
-- KEYS    queues, of the queue: ready events front
-- ARGV    queue LEFT|RIGHT INLINE|STAGED (id contents)... (STAGED: the contents are empty, those of
--         the event are in the hash already, and the ids are new)
-- Returns the places, from 1, of the events refused because their id is ready or claimed

-- Whether the id is new; then its contents are in the hash now.
local function add(queue, id, contents)
  if not contents then
    if not staged[queue.name][id] or redis.call('HEXISTS', queue.events, id) == 0 then
      error('ERR the contents are missing')
    end
    return true
  end
  return redis.call('HSETNX', queue.events, id, contents) == 1
end

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
  became_ready(queue, #fresh)
end

verbs.push = function(from, to)
  require_memory()
  local queue, is_staged = queue_at(ARGV[from]), ARGV[from + 2] == 'STAGED'
  local fresh, duplicates = {}, {}
  for at = from + 3, to, 2 do
    -- One by one: asking for all ids at once would bring the contents of duplicates into memory.
    if add(queue, ARGV[at], not is_staged and ARGV[at + 1]) then
      fresh[#fresh + 1] = ARGV[at]
    else
      duplicates[#duplicates + 1] = (at - from - 1) / 2
    end
  end
  if #fresh > 0 then
    line_up(queue, ARGV[from + 1] == 'LEFT', fresh)
  end
  for _, id in ipairs(is_staged and fresh or {}) do
    staged[queue.name][id] = nil
  end
  return duplicates
end
