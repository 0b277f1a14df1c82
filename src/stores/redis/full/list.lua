-- Counts what the active queues of one page hold, ascending by bytes.
-- KEYS    queues processes, of the queue: all
-- ARGV    after ("-" for the first page, else "(" and a queue's name) limit
-- Returns next (the name to go on after, nil at the end), then name ready delayed claimed failed
--         completed consumers in out stream for every queue of the page that has any, or something
--         beside

verbs.list = function(from)
  local limit = tonumber(ARGV[from + 1])
  local names = redis.call('ZRANGEBYLEX', queues_key, ARGV[from], '+', 'LIMIT', 0, limit)
  local page = { #names == limit and names[limit] }
  for _, name in ipairs(names) do
    local counts = {}
    local queue = queue_named(name)
    add_status(queue, counts)
    local sum = 0
    for at = 1, 6 do
      sum = sum + counts[at]
    end
    if sum > 0 or has_beside(queue) then
      page[#page + 1] = name
      for at = 1, #counts do
        page[#page + 1] = counts[at]
      end
    end
  end
  return page
end
