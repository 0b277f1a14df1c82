-- A page of the queues that have cron entries, ascending by bytes.
-- KEYS    cron-queues
-- ARGV    after ("-" for the first page, else "(" and a queue's name) limit
-- Returns of each queue its name

verbs.cron_queues = function(from)
  return redis.call('ZRANGEBYLEX', CRON_QUEUES, ARGV[from], '+', 'LIMIT', 0, ARGV[from + 1])
end
