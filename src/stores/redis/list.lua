-- Counts what the active queues of one page hold, ascending by bytes.
-- KEYS    queues processes, of the queue: ready claimed front
-- ARGV    after ("-" for the first page, else "(" and a queue's name) limit
-- Returns next (the name to go on after, nil at the end), then name total processing consumers
--         for every queue of the page that has events or consumers

verbs.list = function(from)
  local limit = tonumber(ARGV[from + 1])
  local names = redis.call('ZRANGEBYLEX', queues_key, ARGV[from], '+', 'LIMIT', 0, limit)
  local page = { #names == limit and names[limit] }
  for _, name in ipairs(names) do
    local total, processing, consumers = status_of(queue_named(name))
    if total > 0 or consumers > 0 then
      page[#page + 1] = name
      page[#page + 1] = total
      page[#page + 1] = processing
      page[#page + 1] = consumers
    end
  end
  return page
end
