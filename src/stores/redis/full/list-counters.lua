-- A page of the counters of a queue, ascending by the bytes of their keys.
-- KEYS    of the queue: counters counter-keys
-- ARGV    queue after (behind "=", empty for the first page) limit
-- Returns for each counter its key, how many are left, since when it is there; in front of them 1 if
--         there are more, else 0

verbs.list_counters = function(from)
  make_counters()
  local queue, after, limit = queue_at(ARGV[from]), given(ARGV[from + 1]), tonumber(ARGV[from + 2])
  local least = after and '(' .. after or '-'
  local keys = redis.call('ZRANGEBYLEX', COUNTER_KEYS .. queue.name, least, '+', 'LIMIT', 0, limit + 1)
  local page = { #keys > limit and 1 or 0 }
  for at = 1, math.min(#keys, limit) do
    local counter = counters.of(queue, keys[at])
    page[#page + 1] = keys[at]
    page[#page + 1] = counter and counter.left or 0
    page[#page + 1] = counter and counter.since or 0
  end
  return page
end
