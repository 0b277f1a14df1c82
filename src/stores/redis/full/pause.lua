-- Pauses a queue: in, out, or for one worker.
-- KEYS    queues timers, of the queue: config
-- ARGV    queue forMs|- what... (what: in, out, or "worker " and its name)
-- Returns nil

verbs.pause = function(from, to)
  local queue, ms = opened_at(ARGV[from]), tonumber(ARGV[from + 1])
  local till = ms and string.format('%.0f', now() + ms) or 'forever'
  for at = from + 2, to do
    redis.call('HSET', CONFIG .. queue.name, 'pause:' .. ARGV[at], till)
    queue.config['pause:' .. ARGV[at]] = till
  end
  list_queue(queue)
  if ms then
    will_be_due(queue, now() + ms)
  end
  return false
end
