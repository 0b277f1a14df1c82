-- Shows a page of the groups of a queue.
-- KEYS    of the queue: all
-- ARGV    queue after limit (after: empty for the first page)
-- Returns the next after, or nil, then name and ready for each group

verbs.groups = function(from)
  local queue, cursor = opened_at(ARGV[from]), ARGV[from + 1] == '' and '0' or ARGV[from + 1]
  if not queue.has_groups then
    return { false }
  end
  groups.settle(queue)
  local scanned = redis.call('HSCAN', GROUPS .. queue.name, cursor, 'COUNT', ARGV[from + 2])
  local page, keys = { scanned[1] ~= '0' and scanned[1] }, {}
  for at = 1, #scanned[2], 2 do
    keys[#keys + 1] = scanned[2][at]
  end
  groups.read(queue, keys)
  for _, key in ipairs(keys) do
    local record = queue.groups[key]
    if key ~= '' and groups.is_there(record) then
      page[#page + 1] = string.sub(key, 2)
      page[#page + 1] = record.ready
    end
  end
  return page
end
