-- Shows the settings that were given to a queue, or to all queues.
-- KEYS    settings, of the queue: config
-- ARGV    queue|ALL
-- Returns of each setting its name and value

verbs.settings = function(from)
  if ARGV[from] == 'ALL' then
    return redis.call('HGETALL', SETTINGS)
  end
  local flat, given_ones = redis.call('HGETALL', CONFIG .. queue_at(ARGV[from]).name), {}
  for at = 1, #flat, 2 do
    if not string.find(flat[at], '^pause:') and flat[at] ~= 'bindings' then
      given_ones[#given_ones + 1] = flat[at]
      given_ones[#given_ones + 1] = flat[at + 1]
    end
  end
  return given_ones
end
