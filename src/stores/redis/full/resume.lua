-- Ends pauses of a queue.
-- KEYS    of the queue: config
-- ARGV    queue what... (what: as for pause)
-- Returns nil

local function end_pause(queue, what)
  redis.call('HDEL', CONFIG .. queue.name, 'pause:' .. what)
  queue.config['pause:' .. what] = nil
  shrank(queue)
  if what ~= 'in' then
    tell_ready(queue, ready_count(queue))
  end
end

verbs.resume = function(from, to)
  local queue = opened_at(ARGV[from])
  for at = from + 1, to do
    end_pause(queue, ARGV[at])
  end
  return false
end
