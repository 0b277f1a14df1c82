-- Pushes events at one end of the line. Each is there as a whole (id, contents, place) or not at all.
-- KEYS    queues, of the queue: ready events front
-- ARGV    queue LEFT|RIGHT INLINE|STAGED (id contents)... (STAGED: the contents are empty, those of
--         the event are in the hash already, and the ids are new)
-- Returns the places, from 1, of the events refused because their id is ready or claimed

-- Whether the id is new; then its contents are in the hash now.
local function add(queue, id, contents)
  if not contents then
    if not staged[queue.name][id] or redis.call('HEXISTS', queue.events, id) == 0 then
      error('ERR the contents are missing')
    end
    return true
  end
  return redis.call('HSETNX', queue.events, id, contents) == 1
end

verbs.push = function(from, to)
  require_memory()
  local queue, is_staged = queue_at(ARGV[from]), ARGV[from + 2] == 'STAGED'
  local fresh, duplicates = {}, {}
  for at = from + 3, to, 2 do
    -- One by one: asking for all ids at once would bring the contents of duplicates into memory.
    if add(queue, ARGV[at], not is_staged and ARGV[at + 1]) then
      fresh[#fresh + 1] = ARGV[at]
    else
      duplicates[#duplicates + 1] = (at - from - 1) / 2
    end
  end
  if #fresh > 0 then
    line_up(queue, ARGV[from + 1] == 'LEFT', fresh)
  end
  for _, id in ipairs(is_staged and fresh or {}) do
    staged[queue.name][id] = nil
  end
  return duplicates
end
