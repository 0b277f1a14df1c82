-- Counts what queues hold.
-- KEYS    processes, of the queue: ready claimed
-- ARGV    queue...
-- Returns total processing consumers, one after the other for every queue

verbs.status = function(from, to)
  local counts = {}
  for at = from, to do
    local total, processing, consumers = status_of(queue_at(ARGV[at]))
    counts[#counts + 1] = total
    counts[#counts + 1] = processing
    counts[#counts + 1] = consumers
  end
  return counts
end
