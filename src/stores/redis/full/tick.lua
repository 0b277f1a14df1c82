-- Does what is due: leases that ended, delayed events, TTLs, pauses, completed and failed events that
-- were kept long enough. Also forgets queues that had only consumers of an okq process that died.
-- KEYS    queues timers processes sweep crons-due clock, of the queues: all
-- ARGV    limit
-- Returns of each a number: how many were moved, or limit if there is more to do at once; 1 if cron
--         entries are due, or 0. Or an error that names a queue where it failed, if there is one

local function end_pauses(queue)
  for name, till in pairs(queue.config) do
    local what = string.match(name, '^pause:(.*)$')
    if what and till ~= 'forever' and tonumber(till) <= now() then
      end_pause(queue, what)
    end
  end
  end_worker_pauses(queue)
end

-- Forgets windows that have ended; returns how many.
local function end_windows(queue, limit)
  local key, second = WINDOWS .. queue.name, '(' .. math.floor(now() / 1000) * 1000
  local ended = queue.has_windows and redis.call('ZCOUNT', key, '-inf', second) or 0
  local count = math.min(limit, ended)
  if count > 0 then
    redis.call('ZREMRANGEBYRANK', key, 0, count - 1)
    shrank(queue)
  end
  return count
end

-- Scores in ticks below this are of a time that has come.
local function ticks_until(ms)
  return '(' .. string.format('%.0f', (ms + 1) * TICKS_PER_MS)
end

local function end_lease(queue, id)
  local claim = claim_of(queue, id, '')
  if claim and redis.call('HEXISTS', queue.events, id) == 1 then
    crash_claim(queue, id, claim)
  elseif claim then
    leave_claimed(queue, id, more_of(queue, id))
    shrank(queue)
  end
end

-- Its time in the sorted set is the earliest at which it may expire.
local function end_wait(queue, id)
  local more, state = more_of(queue, id), state_of(queue, id)
  local is_waiting = state == 'ready' or state == 'delayed'
  local ms = is_waiting and expiry_of(queue, id, more)
  if ms and ms <= now() then
    leave_waiting(queue, id, state, more)
    expire(queue, id, more)
  elseif ms then
    redis.call('ZADD', queue.expires, ms, id)
  else
    redis.call('ZREM', queue.expires, id)
  end
end

local function enter_due(queue, id)
  local more = more_of(queue, id)
  if leave_delayed(queue, id, more) then
    enter_ready(queue, id, more, nil)
  end
end

local function drop_kept(state)
  return function(queue, id)
    if redis.call('ZSCORE', queue[state], id) then
      drop(queue, id, state)
    end
  end
end

-- Adds the ids of a sorted set that are due, up to that score, each with its time and what to do.
local function add_due(found, key, most, limit, ms_of, run)
  local due = redis.call('ZRANGEBYSCORE', key, '-inf', most, 'WITHSCORES', 'LIMIT', 0, limit)
  for at = 1, #due, 2 do
    local score = tonumber(due[at + 1])
    found[#found + 1] = { ms = ms_of(score), order = #found, id = due[at], run = run }
  end
end

local function add_kept(found, queue, state, default, limit)
  local _, ms = kept_of(queue, 'keep-' .. state, default)
  if ms then
    local function gone_at(tick)
      return math.floor(tick / TICKS_PER_MS) + ms
    end
    add_due(found, queue[state], ticks_until(now() - ms), limit, gone_at, drop_kept(state))
  end
end

-- Claims come in the order in which they began, if their leases end in the same ms.
local function add_leases(found, queue, limit)
  local from = #found
  add_due(found, queue.claimed, ticks_until(now()), limit, function(tick)
    return math.floor(tick / TICKS_PER_MS)
  end, end_lease)
  for at = from + 1, #found do
    local claim = claim_of(queue, found[at].id, '')
    found[at].order = claim.begin
  end
end

-- What is due, in order of time.
local function due_in(queue, limit)
  local found = {}
  local function itself(ms)
    return ms
  end
  add_due(found, queue.delayed, now(), limit, itself, enter_due)
  add_due(found, queue.expires, now(), limit, itself, end_wait)
  add_kept(found, queue, 'failed', '', limit)
  add_kept(found, queue, 'completed', '0', limit)
  add_leases(found, queue, limit)
  table.sort(found, function(a, b)
    return a.ms < b.ms or a.ms == b.ms and a.order < b.order
  end)
  return found
end

-- After the settings of a queue have changed, the hash "review" says what is to be done: "surplus",
-- and "cursor", up to which event the new expiries are noted.

-- Drops events that are too many. Returns how many.
local function drop_surplus(queue, limit)
  if limit == 0 or redis.call('HEXISTS', REVIEW .. queue.name, 'surplus') == 0 then
    return 0
  end
  local dropped = math.min(limit, surplus_of(queue, 0))
  drop_oldest(queue, dropped, {}, 0)
  for state, default in pairs({ failed = '', completed = '0' }) do
    local most = kept_of(queue, 'keep-' .. state, default)
    local surplus = most and redis.call('ZCARD', queue[state]) - most or 0
    local count = math.min(limit - dropped, surplus)
    for _, id in ipairs(count > 0 and oldest_of(queue, state, count) or {}) do
      drop(queue, id, state)
      dropped = dropped + 1
    end
  end
  if dropped == 0 and not queue.is_behind then
    redis.call('HDEL', REVIEW .. queue.name, 'surplus')
  end
  return dropped
end

-- How many events are looked at in one step after the TTL of a queue has changed, and how many
-- bytes of them about: Redis shows their contents too.
local FILLED_AT_ONCE = 64
local FILLED_BYTES = 1024 * 1024

-- Events of a queue are often about as large as the next one out.
local function filled_at_once(queue)
  local id = first_of_middle(queue) or redis.call('ZRANGE', queue.delayed, 0, 0)[1]
  local bytes = id and redis.call('HSTRLEN', queue.events, id) or 0
  return math.max(1, math.min(FILLED_AT_ONCE, math.floor(FILLED_BYTES / (bytes + 1))))
end

-- Notes when the events expire that were pushed before their queue had this TTL.
local function note_expiries(queue)
  local key = REVIEW .. queue.name
  local cursor = redis.call('HGET', key, 'cursor')
  if not cursor then
    return
  end
  local scanned = redis.call('HSCAN', queue.events, cursor, 'COUNT', filled_at_once(queue))
  for at = 1, #scanned[2], 2 do
    local id = scanned[2][at]
    local state = state_of(queue, id)
    if state == 'ready' or state == 'delayed' then
      will_expire(queue, id, more_of(queue, id), scanned[2][at + 1])
    end
  end
  if scanned[1] == '0' then
    redis.call('HDEL', key, 'cursor')
  else
    redis.call('HSET', key, 'cursor', scanned[1])
  end
end

-- The least score, or nil.
local function least(key)
  return tonumber(redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2])
end

-- Whether there is more to do at once than events to move.
local is_unfinished = false

local function set_timer(queue)
  local is_reviewed = redis.call('EXISTS', REVIEW .. queue.name) == 1
  is_unfinished = is_unfinished or is_reviewed
  local next_ms = is_reviewed and now() or math.huge
  if queue.groups then
    groups.settle(queue)
  end
  for _, key in ipairs({ queue.delayed, queue.expires, LOOKS .. queue.name }) do
    next_ms = math.min(next_ms, least(key) or math.huge)
  end
  next_ms = math.min(next_ms, math.floor((least(queue.claimed) or math.huge) / TICKS_PER_MS))
  for state, default in pairs({ failed = '', completed = '0' }) do
    local _, ms = kept_of(queue, 'keep-' .. state, default)
    local first = ms and least(queue[state])
    next_ms = math.min(next_ms, first and math.floor(first / TICKS_PER_MS) + ms or math.huge)
  end
  for name, till in pairs(queue.config) do
    local is_pause = string.find(name, '^pause:') and till ~= 'forever'
    next_ms = math.min(next_ms, is_pause and tonumber(till) or math.huge)
  end
  next_ms = math.min(next_ms, least(PAUSED_WORKERS .. queue.name) or math.huge)
  next_ms = math.min(next_ms, least(COUNTER_ENDS .. queue.name) or math.huge)
  for _, key in ipairs({ WINDOWS .. queue.name, UNIQUE_ENDS .. queue.name }) do
    local window = least(key)
    next_ms = math.min(next_ms, window and forgotten_at(window) or math.huge)
  end
  -- okq pushes the events of cron entries: a tick only sees to it that another look follows.
  local cron = least(CRON_TIMES .. queue.name) or math.huge
  next_ms = math.min(next_ms, cron > now() and cron or now() + RETRY_MS)
  if next_ms < math.huge then
    redis.call('ZADD', timers_key, next_ms, queue.name)
  else
    redis.call('ZREM', timers_key, queue.name)
  end
end

local function tick_queue(queue, limit)
  open(queue)
  end_pauses(queue)
  note_expiries(queue)
  review_groups(queue)
  look_at_groups(queue, limit)
  local moved, due = end_windows(queue, limit), nil
  if redis.call('EXISTS', UNIQUE_ENDS .. queue.name) == 1 then
    make_unique()
    moved = moved + unique.end_times(queue, limit - moved)
  end
  if redis.call('EXISTS', COUNTER_ENDS .. queue.name) == 1 then
    make_counters()
    moved = moved + counters.end_times(queue, limit - moved)
  end
  -- What is moved may be due again: a lease has ended, and then the TTL.
  repeat
    due = due_in(queue, limit - moved)
    for at = 1, math.min(#due, limit - moved) do
      due[at].run(queue, due[at].id)
      moved = moved + 1
    end
  until #due == 0 or moved == limit
  moved = moved + drop_surplus(queue, limit - moved)
  set_timer(queue)
  return moved
end

-- When the clock was set back by more than this, all queues are looked at: what a rate holds would be
-- due too late.
local SET_BACK_MS = 1000
-- The time is noted that often.
local NOTED_EVERY_MS = 1000
-- And for so long: ticks come more often.
local NOTED_FOR_MS = 24 * 60 * 60 * 1000

local function look_at_clock()
  local noted = tonumber(redis.call('GET', CLOCK)) or 0
  if noted > now() + SET_BACK_MS then
    look_at_all({ groups = true }, true)
  elseif noted > now() - NOTED_EVERY_MS then
    return
  end
  redis.call('SET', CLOCK, string.format('%.0f', now()), 'PX', NOTED_FOR_MS)
end

local RETRY_MS = 1000
local SWEEP_SLICE = 128
local QUEUES_AT_ONCE = 8

local function sweep()
  -- The counts of a dead process are gone, and with them on which queues it had consumers. So all
  -- names are looked at, slice by slice; the key says behind which one the next slice begins.
  for _, process in ipairs(redis.call('SMEMBERS', processes_key)) do
    if redis.call('EXISTS', process) == 0 then
      redis.call('SREM', processes_key, process)
      redis.call('HSET', SWEEP, 'after', '-')
    end
  end
  processes = nil
  local after = redis.call('HGET', SWEEP, 'after')
  if not after then
    return false
  end
  local names = redis.call('ZRANGEBYLEX', queues_key, after, '+', 'LIMIT', 0, SWEEP_SLICE)
  for _, name in ipairs(names) do
    shrank(queue_named(name))
  end
  if #names < SWEEP_SLICE then
    redis.call('HDEL', SWEEP, 'after')
    return false
  end
  redis.call('HSET', SWEEP, 'after', '(' .. names[#names])
  return true
end

verbs.tick = function(from)
  local limit, moved, seen, looked_at = tonumber(ARGV[from]), 0, {}, 0
  local failure
  pcall(look_at_clock)
  timers_changed = true
  local swept, has_more = pcall(sweep)
  local looked, is_more = pcall(look_at_slice)
  is_unfinished = looked and is_more
  is_sweeping = swept and has_more or is_unfinished
  while moved < limit do
    local due = redis.call('ZRANGEBYSCORE', timers_key, '-inf', now(), 'LIMIT', 0, 1)
    -- The rest of one that was looked at is for the next tick.
    if #due == 0 or seen[due[1]] then
      break
    elseif looked_at == QUEUES_AT_ONCE then
      is_unfinished = true
      break
    end
    seen[due[1]], looked_at = true, looked_at + 1
    local ok, count = pcall(tick_queue, queue_named(due[1]), limit - moved)
    if ok then
      moved = moved + count
    else
      -- One with a key of the wrong type must not keep the others waiting.
      redis.call('ZADD', timers_key, now() + RETRY_MS, due[1])
      local reason = type(count) == 'table' and count.err or tostring(count)
      failure = failure or { err = 'ERR queue ' .. due[1] .. ': ' .. reason }
    end
  end
  if failure then
    error(failure)
  end
  local crons = redis.call('ZCOUNT', CRONS_DUE, '-inf', now())
  return { is_unfinished and math.max(moved, limit) or moved, crons > 0 and 1 or 0 }
end
