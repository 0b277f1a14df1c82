-- Shows a cron entry.
-- KEYS    of the queue: crons
-- ARGV    queue name
-- Returns what shown_cron answers, or nil

verbs.cron_get = function(from)
  local queue = queue_at(ARGV[from])
  local entry = cron_of(queue, ARGV[from + 1])
  return entry and shown_cron(queue.name, ARGV[from + 1], entry)
end
