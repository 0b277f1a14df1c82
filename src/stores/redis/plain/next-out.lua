-- How events leave the line.
-- KEYS    of the queue: ready front
-- ARGV    (none)
-- Returns nothing by itself

-- The next ones out, or an error, and the scores of those that were in front of the list.
local function take_next(queue, count)
  if queue.has_front then
    local scored = redis.call('ZPOPMIN', queue.front, count)
    if #scored > 0 then
      local ids, places = {}, {}
      for at = 1, #scored, 2 do
        ids[#ids + 1] = scored[at]
        places[#places + 1] = scored[at + 1]
      end
      return ids, places
    end
    queue.has_front = false
  end
  return redis.pcall('RPOP', queue.ready, count), {}
end

-- Puts these ids back where they were, from that one on.
local function put_back(queue, ids, places, first)
  for at = #ids, first, -1 do
    if places[at] then
      redis.call('ZADD', queue.front, places[at], ids[at])
    else
      redis.call('RPUSH', queue.ready, ids[at])
    end
  end
end

-- Somebody deleted the contents: there is no event.
local function lose(queue)
  shrank(queue)
end
