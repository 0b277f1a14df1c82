-- Sets a cron entry. One of the same version stays as it is.
-- KEYS    queues timers crons-due cron-queues, of the queue: all
-- ARGV    queue name version definition
-- Returns 1, or 0 if there are too many

verbs.cron_set = function(from)
  require_memory()
  local queue, name, version = opened_at(ARGV[from]), ARGV[from + 1], ARGV[from + 2]
  local known = cron_of(queue, name)
  if known and known[VERSION] == version then
    return 1
  elseif not known and redis.call('HLEN', CRONS .. queue.name) >= CRONS_MAX then
    return 0
  end
  keep_cron(queue, name, { version, now(), false, false, ARGV[from + 3] })
  return 1
end
