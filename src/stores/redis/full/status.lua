-- Counts what queues hold.
-- KEYS    processes, of the queue: all
-- ARGV    queue...
-- Returns ready delayed claimed failed completed consumers in out stream, one after the other for
--         every queue; in and out are 1 if it is paused, stream if it is one

local function add_status(queue, counts)
  look_at(queue)
  counts[#counts + 1] = ready_count(queue)
  for _, state in ipairs({ 'delayed', 'claimed', 'failed', 'completed' }) do
    counts[#counts + 1] = redis.call('ZCARD', queue[state])
  end
  counts[#counts + 1] = consumers_of(queue)
  counts[#counts + 1] = is_paused(queue, 'pause:in') and 1 or 0
  counts[#counts + 1] = is_paused(queue, 'pause:out') and 1 or 0
  counts[#counts + 1] = is_stream(queue) and 1 or 0
end

verbs.status = function(from, to)
  local counts = {}
  for at = from, to do
    add_status(queue_at(ARGV[at]), counts)
  end
  return counts
end
