-- Shows cron entries that are due.
-- KEYS    crons-due, of the queues: crons cron-times
-- ARGV    limit
-- Returns of each entry what shown_cron answers

verbs.cron_due = function(from)
  local limit, found = tonumber(ARGV[from]), {}
  local queues = redis.call('ZRANGEBYSCORE', CRONS_DUE, '-inf', now(), 'LIMIT', 0, limit)
  for _, queue_name in ipairs(queues) do
    local queue, times = queue_named(queue_name), CRON_TIMES .. queue_name
    local left = limit - #found
    local names = redis.call('ZRANGEBYSCORE', times, '-inf', now(), 'LIMIT', 0, left)
    for _, name in ipairs(names) do
      local entry = cron_of(queue, name)
      if entry then
        found[#found + 1] = shown_cron(queue_name, name, entry)
      end
    end
  end
  return found
end
