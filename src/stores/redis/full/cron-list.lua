-- A page of the cron entries of a queue, ascending by the bytes of their names.
-- KEYS    of the queue: crons
-- ARGV    queue after (behind "=", empty for the first page) limit
-- Returns of each entry what shown_cron answers; before them the last name, or nil at the end

verbs.cron_list = function(from)
  local queue, after, limit = queue_at(ARGV[from]), given(ARGV[from + 1]), tonumber(ARGV[from + 2])
  local names = redis.call('HKEYS', CRONS .. queue.name)
  table.sort(names)
  local page = { false }
  for _, name in ipairs(names) do
    if not after or name > after then
      if #page > limit then
        page[1] = page[#page][2]
        break
      end
      page[#page + 1] = shown_cron(queue.name, name, cron_of(queue, name))
    end
  end
  return page
end
