-- As push-made.lua, but each value is an operation of its own, or all are one.
-- KEYS    queues counter lists, of the queue: ready events front stream
-- ARGV    queue LEFT|RIGHT contents...
-- Returns ready (how many there are then) time step, then place number for every run, as push-made.lua does;
--         -3 for a stream

verbs.list_push = function(from, to)
  require_memory()
  local queue = queue_at(ARGV[from])
  if redis.call('HLEN', STREAM .. queue.name) > 0 then
    return -3
  end
  local reply, ids = add_made(queue, from + 2, to)
  line_up(queue, ARGV[from + 1] == 'LEFT', ids)
  local length = redis.call('LLEN', queue.ready)
  if may_have_extras(queue) then
    length = length + redis.call('ZCARD', queue.front)
  end
  if length == #ids and redis.call('HLEN', queue.events) == length then
    -- There were no events. A foreign key in the place of the lists loses no push.
    redis.pcall('SADD', LISTS, queue.name)
  end
  table.insert(reply, 1, length)
  return reply
end
