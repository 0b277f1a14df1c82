-- Shows the ready event at one end of the line.
-- KEYS    of the queue: ready events front
-- ARGV    queue LEFT|RIGHT
-- Returns id contents, or nil

verbs.peek = function(from)
  local queue = queue_at(ARGV[from])
  local id
  if ARGV[from + 1] == 'LEFT' then
    id = redis.call('LINDEX', queue.ready, 0) or redis.call('ZRANGE', queue.front, -1, -1)[1]
  else
    id = redis.call('ZRANGE', queue.front, 0, 0)[1] or redis.call('LINDEX', queue.ready, -1)
  end
  local contents = id and redis.call('HGET', queue.events, id)
  reply_bytes = reply_bytes + #(contents or '')
  return contents and { id, contents } or false
end
