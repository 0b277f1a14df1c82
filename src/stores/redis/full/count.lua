-- Adds what an okq process has counted to the figures of queues that are there.
-- KEYS    queues, of the queue: stats recent
-- ARGV    (queue's name, JSON of numbers by field)...
-- Returns nil

verbs.count = function(from, to)
  for at = from, to, 2 do
    if redis.call('ZSCORE', queues_key, ARGV[at]) then
      -- Those of a queue with a key of the wrong type are lost: others must not be added again.
      pcall(add_counts, queue_named(ARGV[at]), cjson.decode(ARGV[at + 1]))
    end
  end
  return false
end
