-- The history of a queue.
-- KEYS    processes, of the queue: all
-- ARGV    queue
-- Returns what add_status counts, now, then of the history since, latest, hour and day, each of them or nil

verbs.history = function(from)
  local queue, reply = queue_at(ARGV[from]), {}
  add_status(queue, reply)
  reply[#reply + 1] = now()
  local kept = redis.call('HMGET', HISTORY .. queue.name, 'since', 'latest', 'hour', 'day')
  for place = 1, 4 do
    reply[#reply + 1] = kept[place]
  end
  return reply
end
