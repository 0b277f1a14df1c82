-- Makes a counter.
-- KEYS    queues timers counter, of the queue: all
-- ARGV    queue key count ttlMs? (LEFT|RIGHT, options, value)... (once, or never: it pushes nothing;
--         options as options_in reads them; value: as if pushed now)
-- Returns 1, or 0 if one of that key is there which differs or has begun to count, or -1 if there are
--         too many

-- Whether they push the same: at other times.
local function is_same_event(a, b)
  if not a or not b then
    return not a and not b
  end
  local form_a, form_b = string.byte(a[3]) % 4, string.byte(b[3]) % 4
  return a[1] == b[1] and a[2] == b[2] and form_a == form_b
    and string.sub(a[3], 8) == string.sub(b[3], 8)
end

verbs.init_counter = function(from, to)
  require_memory()
  make_counters()
  local queue, key, count = opened_at(ARGV[from]), ARGV[from + 1], tonumber(ARGV[from + 2])
  local ttl = tonumber(ARGV[from + 3])
  local event = to > from + 3 and { ARGV[from + 4], ARGV[from + 5], ARGV[from + 6] }
  local there = counters.of(queue, key)
  if there then
    local packed = there.has_event and redis.call('HGET', COUNTER_EVENTS .. queue.name, key)
    local is_same = there.count == count and there.left == count
      and is_same_event(packed and unpacked(packed), event)
    if not is_same then
      return 0
    end
  end
  local is_known = redis.call('HEXISTS', COUNTERS .. queue.name, key) == 1
  if not is_known and redis.call('ZCARD', COUNTER_KEYS .. queue.name) >= COUNTERS_MAX then
    return -1
  end
  counters.drop(queue, key)
  local ends = ttl and now() + ttl or 0
  local counter = {
    count = count, left = count, since = now(), ends = ends, set = made(), is_back = false,
  }
  counters.add(queue, key, counter, event and cmsgpack.pack(event))
  return 1
end
