-- Removes a cron entry.
-- KEYS    queues timers crons-due cron-queues, of the queue: all
-- ARGV    queue name
-- Returns 1, or 0 if it was not there

verbs.cron_delete = function(from)
  return drop_cron(opened_at(ARGV[from]), ARGV[from + 1])
end
