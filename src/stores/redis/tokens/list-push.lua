-- As push-made.lua, but each value is an operation of its own, or all are one.
-- KEYS    queues counter, of the queue: ready front
-- ARGV    queue LEFT|RIGHT contents...
-- Returns ready (how many there are then) time step, then place number for every run, as push-made.lua does

verbs.list_push = function(from, to)
  require_memory()
  local queue = queue_at(ARGV[from])
  local reply, ids = add_made(queue, from + 2, to)
  line_up(queue, ARGV[from + 1] == 'LEFT', ids)
  local length = redis.call('LLEN', queue.ready)
  if may_have_extras(queue) then
    length = length + redis.call('ZCARD', queue.front)
  end
  table.insert(reply, 1, length)
  return reply
end
