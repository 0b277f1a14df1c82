-- What a queue has beside its line: settings and pauses.
-- KEYS    settings counter, of the queue: all
-- ARGV    as in batch.lua
-- Returns nothing by itself

local all_settings, is_seeded

-- Tables of functions that few calls need. They are made when one is looked at: see rates.lua, ranked.lua,
-- grouped.lua, counters.lua and history-steps.lua.
local rates, ranked, groups, counters, history
local make_rates, make_ranked, make_groups, make_counters, make_history

-- Reports what happened to an event, while somebody listens: see listen.lua.
local report

-- What push.lua and pop-batch.lua have for other verbs, once their verbs were made.
local pushing, popping = {}, {}

-- A table of a flat list of names and values.
local function by_name(flat)
  local values = {}
  for at = 1, #flat, 2 do
    values[flat[at]] = flat[at + 1]
  end
  return values
end

-- Whether it has events with priorities, groups, or a rate.
local function look_at_lines(queue)
  local name = queue.name
  local rate = queue.config.rate or all_settings.rate or ''
  if rate ~= '' then
    make_rates()
    queue.rate = rates.of(rate, RATE_EXACT_MAX)
  end
  if queue.counted and queue.counted.text ~= rate then
    -- Another rate counts anew.
    queue.counted, queue.has_counted = nil, false
  end
  local found = redis.call('EXISTS', RANKED .. name, GROUPED .. name, GROUPS .. name, TURNS .. name,
    OWN_GROUPS .. name, GROUP_RATES .. name, RATE .. name, LOOKS .. name)
  if found == 0 then
    return
  end
  queue.last_turn = tonumber(redis.call('ZRANGE', TURNS .. name, -1, -1, 'WITHSCORES')[2]) or 0
  redis.call('HLEN', GROUP_RATES .. name)
  redis.call('STRLEN', RATE .. name)
  queue.has_looks = redis.call('ZCARD', LOOKS .. name) > 0
  queue.has_own_groups = redis.call('HLEN', OWN_GROUPS .. name) > 0
  queue.has_ranked = redis.call('ZCARD', RANKED .. name) > 0
  queue.has_groups = redis.call('ZCARD', GROUPED .. name) + redis.call('HLEN', GROUPS .. name) > 0
  if queue.has_ranked then
    make_ranked()
  end
  if queue.has_groups or queue.has_own_groups then
    make_groups()
  end
end

-- The queue with the names of its keys, its settings and pauses.
local function look_at(queue)
  if queue.config then
    return queue
  end
  local name = queue.name
  queue.delayed, queue.failed, queue.completed = DELAYED .. name, FAILED .. name, COMPLETED .. name
  queue.expires, queue.more, queue.errors = EXPIRES .. name, MORE .. name, ERRORS .. name
  queue.places = PLACES .. name
  queue.log, queue.done, queue.ghosts = LOG .. name, DONE .. name, GHOSTS .. name
  queue.alone = { queue }
  queue.has_ghosts = redis.call('HLEN', queue.ghosts) > 0
  queue.config = by_name(redis.call('HGETALL', CONFIG .. name))
  -- The numbers that were found in its settings.
  queue.numbers = {}
  all_settings = all_settings or by_name(redis.call('HGETALL', SETTINGS))
  look_at_lines(queue)
  return queue
end

-- Looks at keys that many queues do not have.
local function look_at_others(queue)
  local name = queue.name
  local found = redis.call('EXISTS', queue.delayed, queue.failed, queue.errors, queue.log, queue.done,
    queue.expires, queue.completed, RETRYING .. name, WINDOWS .. name)
  queue.has_expires, queue.has_completed, queue.has_windows = false, false, false
  if found == 0 then
    return
  end
  redis.call('ZCARD', queue.delayed)
  redis.call('ZCARD', queue.failed)
  for _, key in ipairs({ queue.errors, queue.log, queue.done }) do
    redis.call('HLEN', key)
  end
  redis.call('SCARD', RETRYING .. name)
  queue.has_expires = redis.call('ZCARD', queue.expires) > 0
  queue.has_completed = redis.call('ZCARD', queue.completed) > 0
  queue.has_windows = redis.call('ZCARD', WINDOWS .. name) > 0
end

-- The queue, ready for all verbs. Where a key has the wrong type this fails before anything is done.
local function open(queue)
  if queue.is_open then
    return queue
  end
  look_at(queue)
  look_at_others(queue)
  redis.call('LLEN', queue.ready)
  for _, key in ipairs({ queue.claimed, queues_key, timers_key }) do
    redis.call('ZCARD', key)
  end
  redis.call('HLEN', queue.events)
  redis.call('HLEN', COUNTER)
  queue.has_front = redis.call('ZCARD', queue.front) > 0
  queue.has_claims = redis.call('HLEN', queue.claims) > 0
  queue.has_more = redis.call('HLEN', queue.more) > 0
  queue.has_places = redis.call('HLEN', queue.places) > 0
  queue.is_open = true
  return queue
end

local function opened_at(number)
  return open(queue_at(number))
end

-- The value of a setting as text, or nil where nobody has given it.
local function setting(queue, name)
  return queue.config[name] or all_settings[name]
end

local function in_ms(seconds)
  return math.floor(tonumber(seconds) * 1000 + 0.5)
end

-- The positive number that read finds in a setting; nil for none.
local function number_of(queue, name, read)
  local number = queue.numbers[name]
  if number == nil then
    number = read(setting(queue, name) or 0) or 0
    number = number > 0 and number
    queue.numbers[name] = number
  end
  return number or nil
end

-- A limit; nil for none.
local function limit_of(queue, name)
  return number_of(queue, name, tonumber)
end

-- A duration in ms; nil for none.
local function duration_of(queue, name)
  return number_of(queue, name, in_ms)
end

-- How many events are kept, or for how many ms; both nil for all.
local function kept_of(queue, name, default)
  local kept = queue.numbers[name]
  if not kept then
    local text = setting(queue, name) or default
    local seconds = string.match(text, '^(.*)s$')
    kept = seconds and { nil, in_ms(seconds) } or { tonumber(text), nil }
    queue.numbers[name] = kept
  end
  return kept[1], kept[2]
end

-- How long an event waits after its n-th failure or crash (see backoff.ts).
local function backoff_of(rule, n)
  local kind, rest = string.match(rule, '^(%a+) ?(.*)$')
  if kind == 'none' then
    return 0
  elseif kind == 'fixed' then
    return in_ms(rest)
  elseif kind == 'exponential' then
    local first, most = string.match(rest, '^(%S+) (%S+)$')
    local capped = math.min(in_ms(most), in_ms(first) * 2 ^ math.min(n - 1, 60))
    if not is_seeded then
      -- Redis seeds each script with the same number.
      math.randomseed(take_ticks(1) % 2 ^ 31)
      is_seeded = true
    end
    return math.floor(capped * (0.8 + 0.4 * math.random()) + 0.5)
  end
  local steps = {}
  for step in string.gmatch(rule, '[^,]+') do
    steps[#steps + 1] = step
  end
  return in_ms(steps[math.min(n, #steps)])
end

-- pause: 'pause:in' or 'pause:out'
local function is_paused(queue, pause)
  local till = queue.config[pause]
  return till ~= nil and (till == 'forever' or tonumber(till) > now())
end

-- Whether this worker gets nothing.
local function is_worker_paused(queue, claimant)
  local key = PAUSED_WORKERS .. queue.name
  if queue.has_paused_workers == nil then
    queue.has_paused_workers = redis.call('EXISTS', key) == 1
  end
  local worker = queue.has_paused_workers and string.match(claimant, '^%S* %S* (.*)$')
  local till = worker and redis.call('ZSCORE', key, worker)
  return till and tonumber(till) > now()
end

local function tell_ready(queue, count)
  if count > 0 and not is_paused(queue, 'pause:out') then
    local told = queue.rate and rates.told_of(queue, count) or count
    if told > 0 then
      became_ready(queue, told)
    end
  end
end

-- The commands of a verb on many events are put off, where nothing reads what they write, and then
-- are few: the ids of claims that end; ids and values, ids and records, ids and places of new events;
-- scores and ids, ids and records of new claims; the ids of events that are gone; ids that enter the list; members
-- that leave and that enter "ranked"; fields of the record of a stream.
local function put_off(queue)
  queue.put_off = {
    left = {}, erased = {}, values = {}, more = {}, places = {}, claimed = {}, records = {},
    listed = {}, ranked = {}, enters = {}, stream = {},
    -- By id, whether an event is new.
    new = {},
  }
end

-- To be called before the list is read.
local function write_listed(queue)
  local all = queue.put_off
  if all and #all.listed > 0 then
    in_slices('LPUSH', queue.ready, all.listed)
    all.listed = {}
  end
end

-- To be called before "ranked" is read.
local function write_ranked(queue)
  local all = queue.put_off
  if all and #all.ranked + #all.enters > 0 then
    in_slices('ZREM', RANKED .. queue.name, all.ranked)
    in_slices('ZADD', RANKED .. queue.name, all.enters)
    all.ranked, all.enters = {}, {}
  end
end

local function do_put_off(queue)
  local all = queue.put_off
  write_listed(queue)
  write_ranked(queue)
  queue.put_off = nil
  if all then
    in_slices('ZREM', queue.claimed, all.left)
    in_slices('HDEL', queue.claims, queue.has_claims and all.left or {})
    in_slices('HDEL', queue.events, all.erased)
    in_slices('HDEL', queue.more, queue.has_more and all.erased or {})
    in_slices('HDEL', queue.places, queue.has_places and all.erased or {})
    in_slices('HSET', queue.events, all.values)
    in_slices('HSET', queue.more, all.more)
    in_slices('HSET', queue.places, all.places)
    in_slices('ZADD', queue.claimed, all.claimed)
    in_slices('HSET', queue.claims, all.records)
    in_slices('HSET', STREAM .. queue.name, all.stream)
  end
end

-- To be called before something is read that may have been put off.
local function write_put_off(queue)
  if queue.put_off then
    do_put_off(queue)
    put_off(queue)
  end
end

-- Calls a function during which commands are put off. What it has begun is done even if it fails.
local function putting_off(queue, run)
  put_off(queue)
  local ok, failure = pcall(run)
  queue.packed, queue.placed, queue.values = nil, nil, nil
  queue.scores, queue.claim_records = nil, nil
  queue.ranked_slice, queue.reads_ahead = nil, nil
  do_put_off(queue)
  if not ok then
    error(failure, 0)
  end
end

-- Something in the queue is due then, in ms.
local function will_be_due(queue, ms)
  local changed = note_due(queue, ms)
  if type(changed) == 'table' then
    error(changed)
  end
end

-- When dedupe windows are forgotten that end then: see windows.ts.
local function forgotten_at(ms)
  return (math.floor(ms / 1000) + 1) * 1000
end

-- Whether the dedupe window of an id lasts.
local function is_windowed(queue, id)
  local ends = queue.has_windows and redis.call('ZSCORE', WINDOWS .. queue.name, id)
  return ends and tonumber(ends) > now()
end

-- A time given as "+ms" from now, "@ms" since 1970, or "" for none.
local function time_of(text)
  local sign, ms = string.match(text, '^([+@])(.*)$')
  if not sign then
    return nil
  end
  return (sign == '+' and now() or 0) + tonumber(ms)
end

-- Bytes given behind "=", or nil for "".
local function given(text)
  return text ~= '' and string.sub(text, 2) or nil
end
