-- The script of an okq of the first layout, as it ran: upgrades are tested beside it.
local FIXED_KEYS = 5
local LARGE_BYTES = 1024
local QUEUE_KEYS = 5
local TICKS_PER_MS = 2048
local PUSHED_LEFT = 562949953421312
local USUAL_LEASE_MS = 30000
local TAG = string.match(KEYS[1], '^{[^}]*}')
local READY = TAG .. ":ready:"
local CLAIMED = TAG .. ":claimed:"
local EVENTS = TAG .. ":events:"
local FRONT = TAG .. ":front:"
local LEASES = TAG .. ":leases:"
local STAGED = TAG .. ":staged:"

-- Lets large contents into the hashes of their queues without passing them through Lua, which would
-- hash every byte. A transaction calls this script twice, with HSET of the contents in between. The
-- first call (STAGE) looks whether all ids are new and gives the hashes the name that HSET writes
-- to. If this script is not loaded, or an id is not new, HSET writes beside the events instead.
-- KEYS    queues deadlines processes absent process, then events staged of each queue
-- ARGV    now tick STAGE, then of each queue how many ids, the ids
-- Returns nothing by itself

if ARGV[3] == 'STAGE' then
  local at = 4
  for key = FIXED_KEYS + 1, #KEYS, 2 do
    local last = at + tonumber(ARGV[at])
    for id = at + 1, last do
      if redis.call('HEXISTS', KEYS[key], ARGV[id]) == 1 then
        return false
      end
    end
    at = last + 1
  end
  for key = FIXED_KEYS + 1, #KEYS, 2 do
    redis.call('DEL', KEYS[key + 1])
    -- Fails if the queue has no events. HSET makes the hash then.
    redis.pcall('RENAME', KEYS[key], KEYS[key + 1])
  end
  return true
end

-- Helpers shared by all verbs: the time, a queue's keys, and what the batch loop does at the end
-- for the queues that the verbs changed. Goes in front of the verbs; the names of keys (READY,
-- CLAIMED ...) come from keys.ts before it.
-- KEYS    queues deadlines processes absent process, then
--         ready claimed events front leases of each queue
-- ARGV    now (empty: the server's time) tick (the first that this okq process has not seen)
--         GROWS|STAGED|- ready-channel due-channel origin
-- Returns nothing by itself, but ends the batch with an error where nothing can be written

local queues_key, deadlines_key, processes_key, absent_key, process_key =
  unpack(KEYS, 1, FIXED_KEYS)

-- Redis looks at the first write of a script only: whether there is memory for it, whether writing
-- is possible at all. So a write that changes nothing goes first. In a batch with pushes (GROWS) it
-- is one that needs memory. Without memory pushes are refused, and pops and acks go on after a
-- second write, which needs none. A transaction (STAGED) is only executed where all that is possible.
local memory_answer = ARGV[3] == 'GROWS' and redis.pcall('SETRANGE', absent_key, 0, '')
if type(memory_answer) ~= 'number' and ARGV[3] ~= 'STAGED' then
  local write_refusal = redis.pcall('DEL', absent_key)
  if type(write_refusal) == 'table' then
    return write_refusal
  end
end

local function require_memory()
  if type(memory_answer) == 'table' then
    error(memory_answer)
  end
end

-- The server's time in ms, and the next free tick. Ticks ascend from batch to batch, because a batch
-- takes more time than a tick for each event. For each okq process they also ascend when the clock
-- is set back, by less than TICKS_AHEAD_MS. When it is set back further they begin anew: leases go by
-- the clock too.
local TICKS_AHEAD_MS = 16
local time_ms, next_tick

local function read_clock()
  local ms = tonumber(ARGV[1])
  if not ms then
    local time = redis.call('TIME')
    ms = time[1] * 1000 + time[2] / 1000
  end
  time_ms = math.floor(ms)
  next_tick = math.floor(ms * TICKS_PER_MS)
  local unseen = tonumber(ARGV[2])
  if unseen > next_tick and unseen < next_tick + TICKS_AHEAD_MS * TICKS_PER_MS then
    next_tick = unseen
  end
end

local function now()
  if not time_ms then
    read_clock()
  end
  return time_ms
end

-- Takes that many ticks; returns the first.
local function take_ticks(count)
  now()
  local first = next_tick
  next_tick = first + count
  return first
end

local queues_by_number, queues_by_name = {}, {}

local function queue_named(name)
  local queue = queues_by_name[name]
  if not queue then
    queue = {
      ready = READY .. name,
      claimed = CLAIMED .. name,
      events = EVENTS .. name,
      front = FRONT .. name,
      leases = LEASES .. name,
      name = name,
    }
    queues_by_name[name] = queue
  end
  return queue
end

-- The batch's queue with that number, counted from 0.
local function queue_at(number)
  local queue = queues_by_number[number]
  if not queue then
    local at = FIXED_KEYS + QUEUE_KEYS * number + 1
    queue = queue_named(string.sub(KEYS[at], #READY + 1))
    queues_by_number[number] = queue
  end
  return queue
end

-- Whether the queue may have events in front of its list, or leases that are written down. Most
-- queues have neither, so one look per batch saves looking for each.
local function may_have_extras(queue)
  if queue.may_have_extras == nil then
    queue.may_have_extras = redis.call('EXISTS', queue.front, queue.leases) > 0
  end
  return queue.may_have_extras
end

-- To be called before anything is written to the front or to the leases of the queue.
local function will_have_extras(queue)
  queue.may_have_extras = true
end

-- Scores and ids, for ZADD, of events that are put at the right end one after the other.
local function at_right_end(ids)
  local first, scored = take_ticks(#ids), {}
  for at, id in ipairs(ids) do
    scored[#scored + 1] = -(first + at - 1)
    scored[#scored + 1] = id
  end
  return scored
end

local ready_counts = {}
local function became_ready(queue, count)
  ready_counts[queue.name] = (ready_counts[queue.name] or 0) + count
end

-- Queues that lost something in this batch: the batch loop forgets those that have nothing left.
local shrunk = {}
local function shrank(queue)
  shrunk[queue.name] = queue
end

-- Whether a verb may have changed the first of the deadlines, the earliest that a pop added, and
-- whether names of queues are still to be looked at.
local deadlines_changed, earliest_added, is_sweeping = false, math.huge, false

-- Bytes of contents in the reply. From so many on the batch ends, so that a few pops of large
-- events do not hold up Redis and fill its memory; the rest of it comes as another batch.
local REPLY_BYTES_MAX = 4 * 1024 * 1024
-- Events that are taken out before their contents are counted.
local POP_SLICE = 16
local reply_bytes = 0

-- By queue the ids whose contents are there although their events are not, or not yet.
local staged = {}

-- By queue and id: where contents are missing that a pop left to okq to fetch.
local left_out = {}

local function leave_out(queue, id, popped, at)
  local own = left_out[queue.name] or {}
  left_out[queue.name] = own
  own[id] = { popped = popped, at = at }
end

-- To be called before events are removed or requeued: then okq cannot fetch their contents.
local function fill_in(queue, ids)
  local own = left_out[queue.name]
  for _, id in ipairs(own and ids or {}) do
    local gap = own[id]
    if gap then
      gap.popped[gap.at] = redis.call('HMGET', queue.events, id)[1]
      own[id] = nil
    end
  end
end

local processes
local function consumers_of(queue)
  processes = processes or redis.call('SMEMBERS', processes_key)
  local consumers = 0
  for _, process in ipairs(processes) do
    consumers = consumers + (tonumber(redis.call('HGET', process, queue.name)) or 0)
  end
  return consumers
end

-- Total, processing and consumers.
local function status_of(queue)
  local processing = redis.call('ZCARD', queue.claimed)
  local ready = redis.call('LLEN', queue.ready) + redis.call('ZCARD', queue.front)
  return ready + processing, processing, consumers_of(queue)
end

-- A queue without events and consumers leaves no name behind.
local function forget_if_unused(queue)
  if redis.call('EXISTS', queue.ready, queue.claimed, queue.front) == 0 then
    redis.call('ZREM', deadlines_key, queue.name)
    if consumers_of(queue) == 0 then
      redis.call('ZREM', queues_key, queue.name)
    end
  end
end

-- What probe.lua writes is gone by itself.
local PROBE_MS = 60000

local verbs = {}

-- Ends claims: their events are removed (DONE), or put back at the right end of the line (REDO).
-- KEYS    of the queue: claimed events front leases
-- ARGV    queue DONE|REDO id...
-- Returns the places, from 1, of the ids that were not claimed

verbs.ack = function(from, to)
  local queue, redo = queue_at(ARGV[from]), ARGV[from + 1] == 'REDO'
  -- Where a key has the wrong type this fails before anything is done.
  local events = redis.call('HLEN', queue.events)
  if redo then
    redis.call('ZCARD', queue.front)
  end
  if may_have_extras(queue) then
    redis.call('HDEL', queue.leases, unpack(ARGV, from + 2, to))
  end
  local ids, missed = {}, {}
  for at = from + 2, to do
    -- One by one: the scores of many would have to be written as text to see which are there.
    if redis.call('ZREM', queue.claimed, ARGV[at]) == 1 then
      ids[#ids + 1] = ARGV[at]
    else
      missed[#missed + 1] = at - from - 1
    end
  end
  if #ids == 0 then
    return missed
  end
  fill_in(queue, ids)
  if redo then
    will_have_extras(queue)
    redis.call('ZADD', queue.front, unpack(at_right_end(ids)))
    became_ready(queue, #ids)
    return missed
  end
  if redis.call('HDEL', queue.events, unpack(ids)) == events then
    shrank(queue)
  end
  return missed
end

-- Removes all events of a queue, ready and claimed.
-- KEYS    of the queue: ready claimed events front leases
-- ARGV    queue
-- Returns how many of its keys were there

verbs.flush = function(from)
  local queue = queue_at(ARGV[from])
  local ids = {}
  for id in pairs(left_out[queue.name] or {}) do
    ids[#ids + 1] = id
  end
  fill_in(queue, ids)
  shrank(queue)
  local keys = { queue.ready, queue.claimed, queue.events, queue.front, queue.leases }
  return redis.call('UNLINK', unpack(keys))
end

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

-- Shows the ready event at one end of the line.
-- KEYS    of the queue: ready events front
-- ARGV    queue LEFT|RIGHT
-- Returns id contents, or nil

verbs.peek = function(from)
  local queue = queue_at(ARGV[from])
  local id
  if ARGV[from + 1] == 'LEFT' then
    id = redis.call('LINDEX', queue.ready, 0) or redis.call('ZRANGE', queue.front, -1, -1)[1]
  else
    id = redis.call('ZRANGE', queue.front, 0, 0)[1] or redis.call('LINDEX', queue.ready, -1)
  end
  local contents = id and redis.call('HGET', queue.events, id)
  reply_bytes = reply_bytes + #(contents or '')
  return contents and { id, contents } or false
end

-- Takes up to count events that are next out; claims them, or with a lease of 0 removes them.
-- KEYS    deadlines, of the queue: ready claimed events front leases
-- ARGV    queue leaseMs count
-- Returns claim (the tick of the first one, those of the others follow) places (of the events
--         that were in front of the list, they come first), then id contents? (nil: large, to be
--         fetched while the event is claimed) for every event, or an empty list. They are fewer
--         than count when the queue ran out or when the batch's reply is long enough, which then
--         ends here

-- The next ones out, or an error, and the scores of those that were in front of the list.
local function take_next(queue, count)
  if queue.has_front then
    local scored = redis.call('ZPOPMIN', queue.front, count)
    if #scored > 0 then
      local ids, places = {}, {}
      for at = 1, #scored, 2 do
        ids[#ids + 1] = scored[at]
        places[#places + 1] = scored[at + 1]
      end
      return ids, places
    end
    queue.has_front = false
  end
  return redis.pcall('RPOP', queue.ready, count), {}
end

-- With less, fetching takes longer than Lua does. With a shorter lease, fetching may outlast it.
local FETCHED_BYTES_MIN = 32 * 1024
local FETCHED_LEASE_MS_MIN = 1000

-- Their contents, or an error. Lua hashes every byte of a string, so large contents that okq can
-- fetch without it are true instead, and their bytes come with them. Most queues have small ones
-- only, so the first decides whether to look at each.
local function contents_of(queue, ids, lease)
  local is_fetchable = lease >= FETCHED_LEASE_MS_MIN
  local first_bytes = is_fetchable and redis.pcall('HSTRLEN', queue.events, ids[1]) or 0
  if type(first_bytes) == 'table' or first_bytes * #ids < FETCHED_BYTES_MIN then
    return redis.pcall('HMGET', queue.events, unpack(ids)), {}
  end
  local contents, bytes = {}, {}
  for at, id in ipairs(ids) do
    bytes[at] = redis.call('HSTRLEN', queue.events, id)
    contents[at] = bytes[at] >= LARGE_BYTES or redis.call('HMGET', queue.events, id)[1]
  end
  return contents, bytes
end

-- Fails after putting these ids back where they were.
local function put_back(queue, ids, places, failure)
  for at = #ids, 1, -1 do
    if places[at] then
      redis.call('ZADD', queue.front, places[at], ids[at])
    else
      redis.call('RPUSH', queue.ready, ids[at])
    end
  end
  error(failure)
end

local function note_lease(queue, ids, lease)
  local leases = {}
  for _, id in ipairs(ids) do
    leases[#leases + 1] = id
    leases[#leases + 1] = lease
  end
  will_have_extras(queue)
  return redis.pcall('HSET', queue.leases, unpack(leases))
end

-- Notes when the leases of these ids end; returns the tick of the first claim.
local function claim(queue, ids, places, lease)
  local first = take_ticks(#ids)
  -- The queue's deadline is a lower bound, so it does no harm without the claims.
  local deadline = now() + lease
  local bounded = redis.pcall('ZADD', deadlines_key, 'LT', 'CH', deadline, queue.name)
  if type(bounded) == 'table' then
    put_back(queue, ids, places, bounded)
  end
  if bounded == 1 then
    deadlines_changed = true
    earliest_added = math.min(earliest_added, deadline)
  end
  local noted = lease == USUAL_LEASE_MS or note_lease(queue, ids, lease)
  if type(noted) == 'table' then
    put_back(queue, ids, places, noted)
  end
  local claims = {}
  -- The last first: in a small set Redis looks for the place of each from the lowest score on.
  for at = #ids, 1, -1 do
    claims[#claims + 1] = first + at - 1 + lease * TICKS_PER_MS
    claims[#claims + 1] = ids[at]
  end
  local claimed = redis.pcall('ZADD', queue.claimed, unpack(claims))
  if type(claimed) == 'table' then
    if lease ~= USUAL_LEASE_MS then
      redis.call('HDEL', queue.leases, unpack(ids))
    end
    put_back(queue, ids, places, claimed)
  end
  return first
end

verbs.pop = function(from)
  local queue, lease = queue_at(ARGV[from]), tonumber(ARGV[from + 1])
  local left, popped, popped_ids, popped_places = tonumber(ARGV[from + 2]), { '', '' }, {}, {}
  queue.has_front = may_have_extras(queue)
  while left > 0 and reply_bytes < REPLY_BYTES_MAX do
    local ids, places = take_next(queue, math.min(left, POP_SLICE))
    if ids and ids.err and #popped_ids == 0 then
      error(ids)
    end
    -- Events that were in front of a list with an error are handed out; the next pop fails.
    if not ids or ids.err then
      break
    end
    local contents, bytes = contents_of(queue, ids, lease)
    if contents.err then
      put_back(queue, ids, places, contents)
    end
    for at, id in ipairs(ids) do
      -- Without contents (somebody deleted the hash) there is no event to hand out.
      if contents[at] then
        popped[#popped + 1] = id
        popped[#popped + 1] = contents[at] ~= true and contents[at]
        if contents[at] == true then
          leave_out(queue, id, popped, #popped)
        end
        reply_bytes = reply_bytes + (bytes[at] or #contents[at])
        popped_ids[#popped_ids + 1] = id
        popped_places[#popped_places + 1] = places[at]
        left = left - 1
      else
        shrank(queue)
      end
    end
    if lease == 0 then
      fill_in(queue, ids)
      redis.call('HDEL', queue.events, unpack(ids))
      shrank(queue)
    end
  end
  if #popped_ids == 0 then
    return {}
  end
  local first
  if lease > 0 then
    first = claim(queue, popped_ids, popped_places, lease)
  else
    first = take_ticks(#popped_ids)
  end
  popped[1], popped[2] = first, popped_places
  return popped
end

-- Writes a key that nobody reads: it succeeds where a push would.
-- KEYS    probe
-- ARGV    (none)
-- Returns nil

verbs.probe = function()
  require_memory()
  redis.call('SET', TAG .. ':probe', now(), 'PX', PROBE_MS)
  return false
end

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
  local queue, is_left = queue_at(ARGV[from]), ARGV[from + 1] == 'LEFT'
  local is_staged, fresh, duplicates = ARGV[from + 2] == 'STAGED', {}, {}
  for at = from + 3, to, 2 do
    -- One by one: asking for all ids at once would bring the contents of duplicates into memory.
    if add(queue, ARGV[at], not is_staged and ARGV[at + 1]) then
      fresh[#fresh + 1] = ARGV[at]
    else
      duplicates[#duplicates + 1] = (at - from - 1) / 2
    end
  end
  if #fresh == 0 then
    return duplicates
  end
  local added
  if is_left then
    added = redis.pcall('LPUSH', queue.ready, unpack(fresh))
  else
    will_have_extras(queue)
    added = redis.pcall('ZADD', queue.front, unpack(at_right_end(fresh)))
  end
  if type(added) == 'table' then
    redis.call('HDEL', queue.events, unpack(fresh))
    error(added)
  end
  -- As many as are there now: it may not have had any before.
  local listed = added == #fresh and redis.pcall('ZADD', queues_key, 0, queue.name)
  if type(listed) == 'table' then
    redis.call('HDEL', queue.events, unpack(fresh))
    if is_left then
      redis.call('LPOP', queue.ready, #fresh)
    else
      redis.call('ZREM', queue.front, unpack(fresh))
    end
    error(listed)
  end
  for _, id in ipairs(is_staged and fresh or {}) do
    staged[queue.name][id] = nil
  end
  became_ready(queue, #fresh)
  return duplicates
end

-- Finds a queue with a ready event.
-- KEYS    of the queue: ready front
-- ARGV    queue...
-- Returns the place, from 1, of the first queue that has one, or 0

verbs.ready = function(from, to)
  for at = from, to do
    local queue = queue_at(ARGV[at])
    if redis.call('EXISTS', queue.ready, queue.front) > 0 then
      return at - from + 1
    end
  end
  return 0
end

-- Requeues events whose lease has expired, in order of deadline: in front of the list, in the order
-- of their claims. Also forgets queues that had only consumers of an okq process that died.
-- KEYS    queues deadlines processes sweep, of the queue: claimed front leases
-- ARGV    limit
-- Returns how many were moved, or an error that names a queue where it failed, if there is one

-- Older versions noted scores in ms. They are closer to 0 than any in ticks, unless the clock of the
-- server shows January 1970.
local MS_MAX = 2 ^ 42

-- Converts up to limit scores of that key to ticks; returns how many. The furthest from 0 go first:
-- the order is right all the time.
local function convert_from_ms(key, limit)
  if now() * TICKS_PER_MS <= MS_MAX then
    return 0
  end
  local noted = redis.call('ZREVRANGEBYSCORE', key, MS_MAX, '(0', 'WITHSCORES', 'LIMIT', 0, limit)
  if #noted == 0 then
    noted = redis.call('ZRANGEBYSCORE', key, -MS_MAX, '(0', 'WITHSCORES', 'LIMIT', 0, limit)
  end
  for at = 1, #noted, 2 do
    redis.call('ZADD', key, noted[at + 1] * TICKS_PER_MS, noted[at])
  end
  return #noted / 2
end

-- Older versions did not know ticks, and noted the first claim in ticks as the deadline of a queue,
-- which is too late. Such queues are looked at now.
local function correct_deadlines(limit)
  local late = redis.call('ZRANGEBYSCORE', deadlines_key, MS_MAX, '+inf', 'LIMIT', 0, limit)
  for _, name in ipairs(late) do
    redis.call('ZADD', deadlines_key, now(), name)
  end
end

-- Moves up to limit events whose lease has ended; returns how many.
local function return_due(queue, limit)
  local before = '(' .. string.format('%.0f', (now() + 1) * TICKS_PER_MS)
  local due = { 'ZRANGEBYSCORE', queue.claimed, '-inf', before, 'WITHSCORES', 'LIMIT', 0, limit }
  due = redis.call(unpack(due))
  if #due == 0 then
    return 0
  end
  local ids, scored = {}, {}
  for at = 1, #due, 2 do
    ids[#ids + 1] = due[at]
  end
  local leases = redis.call('HMGET', queue.leases, unpack(ids))
  for at, id in ipairs(ids) do
    scored[#scored + 1] = due[2 * at] - (leases[at] or USUAL_LEASE_MS) * TICKS_PER_MS
    scored[#scored + 1] = id
  end
  will_have_extras(queue)
  redis.call('ZADD', queue.front, unpack(scored))
  redis.call('ZREM', queue.claimed, unpack(ids))
  redis.call('HDEL', queue.leases, unpack(ids))
  became_ready(queue, #ids)
  return #ids
end

-- The deadline of a queue is a lower bound: perhaps no lease in it has expired yet. Scores that are
-- converted count as moved; the queue is due until none is left.
local function reclaim_from(queue, limit)
  local converted = convert_from_ms(queue.claimed, limit) + convert_from_ms(queue.front, limit)
  if converted > 0 then
    return converted
  end
  local moved = return_due(queue, limit)
  local first = redis.call('ZRANGE', queue.claimed, 0, 0, 'WITHSCORES')
  if first[2] then
    redis.call('ZADD', deadlines_key, math.floor(first[2] / TICKS_PER_MS), queue.name)
  else
    redis.call('ZREM', deadlines_key, queue.name)
  end
  return moved
end

local RETRY_MS = 1000
local SWEEP_SLICE = 128

local function sweep()
  -- The counts of a dead process are gone, and with them on which queues it had consumers. So all
  -- names are looked at, slice by slice; the key says behind which one the next slice begins.
  local sweep_key = TAG .. ':sweep'
  for _, process in ipairs(redis.call('SMEMBERS', processes_key)) do
    if redis.call('EXISTS', process) == 0 then
      redis.call('SREM', processes_key, process)
      redis.call('HSET', sweep_key, 'after', '-')
    end
  end
  processes = nil
  local after = redis.call('HGET', sweep_key, 'after')
  if not after then
    return false
  end
  local names = redis.call('ZRANGEBYLEX', queues_key, after, '+', 'LIMIT', 0, SWEEP_SLICE)
  for _, name in ipairs(names) do
    shrank(queue_named(name))
  end
  if #names < SWEEP_SLICE then
    redis.call('DEL', sweep_key)
    return false
  end
  redis.call('HSET', sweep_key, 'after', '(' .. names[#names])
  return true
end

verbs.reclaim = function(from)
  local limit, moved = tonumber(ARGV[from]), 0
  local failure
  deadlines_changed = true
  local swept, has_more = pcall(sweep)
  is_sweeping = swept and has_more
  correct_deadlines(limit)
  while moved < limit do
    local due = redis.call('ZRANGEBYSCORE', deadlines_key, '-inf', now(), 'LIMIT', 0, 1)
    if #due == 0 then
      break
    end
    local ok, count = pcall(reclaim_from, queue_named(due[1]), limit - moved)
    if ok then
      moved = moved + count
    else
      -- One with a key of the wrong type must not keep the others waiting.
      redis.call('ZADD', deadlines_key, now() + RETRY_MS, due[1])
      local reason = type(count) == 'table' and count.err or tostring(count)
      failure = failure or { err = 'ERR queue ' .. due[1] .. ': ' .. reason }
    end
  end
  if failure then
    error(failure)
  end
  return moved
end

-- Notes how many consumers this okq process has on queues. The counts expire unless it repeats them.
-- KEYS    queues processes process
-- ARGV    ttlMs RESET|KEEP (queue's name, count)...
-- Returns nil

local function forget_own_counts()
  for _, name in ipairs(redis.call('HKEYS', process_key)) do
    shrank(queue_named(name))
  end
  redis.call('DEL', process_key)
end

verbs.register = function(from, to)
  -- A key of another type fails these, before anything is changed.
  redis.call('ZCARD', queues_key)
  redis.call('SCARD', processes_key)
  redis.call('HLEN', process_key)
  if ARGV[from + 1] == 'RESET' then
    forget_own_counts()
  end
  for at = from + 2, to, 2 do
    local name, count = ARGV[at], tonumber(ARGV[at + 1])
    if count == 0 then
      redis.call('HDEL', process_key, name)
      shrank(queue_named(name))
    else
      redis.call('HSET', process_key, name, count)
      redis.call('ZADD', queues_key, 0, name)
    end
  end
  if redis.call('PEXPIRE', process_key, ARGV[from]) == 1 then
    redis.call('SADD', processes_key, process_key)
  else
    redis.call('SREM', processes_key, process_key)
  end
  processes = nil
  return false
end

-- Counts what queues hold.
-- KEYS    processes, of the queue: ready claimed front
-- ARGV    queue...
-- Returns total processing consumers, one after the other for every queue

verbs.status = function(from, to)
  local counts = {}
  for at = from, to do
    local total, processing, consumers = status_of(queue_at(ARGV[at]))
    counts[#counts + 1] = total
    counts[#counts + 1] = processing
    counts[#counts + 1] = consumers
  end
  return counts
end

-- Undoes a pop, unless its claim has ended: the event gets its old place in line.
-- KEYS    queues, of the queue: claimed events front leases
-- ARGV    queue leaseMs claim place (empty: in the list) id contents (empty with a lease)
-- Returns 1 if the event is in line again, else 0

local function is_claim(queue, id, claim, lease)
  local deadline = redis.call('ZSCORE', queue.claimed, id)
  local known = tonumber(redis.call('HGET', queue.leases, id)) or USUAL_LEASE_MS
  return deadline and known == lease and deadline - lease * TICKS_PER_MS == claim
end

verbs.unpop = function(from)
  local queue, lease, claim = queue_at(ARGV[from]), tonumber(ARGV[from + 1]), tonumber(ARGV[from + 2])
  local place, id = tonumber(ARGV[from + 3]) or PUSHED_LEFT + claim, ARGV[from + 4]
  if lease > 0 then
    if not is_claim(queue, id, claim, lease) then
      return 0
    end
    will_have_extras(queue)
    redis.call('ZADD', queue.front, place, id)
    redis.call('ZREM', queue.claimed, id)
    redis.call('HDEL', queue.leases, id)
  else
    if redis.call('HEXISTS', queue.events, id) == 1 then
      return 0
    end
    redis.call('ZADD', queues_key, 0, queue.name)
    will_have_extras(queue)
    redis.call('ZADD', queue.front, place, id)
    redis.call('HSET', queue.events, id, ARGV[from + 5])
  end
  became_ready(queue, 1)
  return 1
end

-- The batch loop: runs one batch's calls of verbs in order. When a call fails, later calls of its
-- chain are not made: they hold operations that stand behind its operations.
-- KEYS    queues deadlines processes absent process, then
--         ready claimed events front leases of each queue
-- ARGV    now (empty: the server's time) tick (the first that this okq process has not seen)
--         GROWS|STAGED|- ready-channel due-channel origin, then for each call verb, how many values
--         the call has with these two (negative: the next value is its chain), the arguments
-- Returns what became ready (queue's name, count ...), 1 if the batch ended early or 0, in how many
--         ms a reclaim is due (-1: nothing is claimed; nil: no news), the next free tick (nil: the
--         clock was not read), then the reply of each call that it came to: an error if it failed,
--         a status if it was not made

-- What pcall caught, as an error reply that begins with its code. Redis 6 puts the place in the
-- script in front of the text, Redis 7 does not.
local function failure_of(caught)
  if type(caught) == 'table' then
    return caught
  end
  local text = string.gsub(tostring(caught), '^[%w_@]+: ?%d+: %-?', '')
  return { err = string.find(text, '^%u+ ') and text or 'ERR ' .. text }
end

-- In how many ms something is to be reclaimed. Other okq processes are told when a pop made it
-- earlier: they would reclaim in the place of this one.
local function next_due()
  if is_sweeping then
    return 0
  end
  local first = redis.call('ZRANGE', deadlines_key, 0, 0, 'WITHSCORES')
  local deadline = tonumber(first[2])
  if not deadline then
    return -1
  end
  local due = math.max(0, math.ceil(deadline - now()))
  if deadline == earliest_added then
    redis.call('PUBLISH', ARGV[5], ARGV[6] .. ' ' .. due .. ' ' .. TAG)
  end
  return due
end

-- Gives the hashes their names back, and notes which contents were added. Returns false, with
-- nothing changed, if they were not added (see stage.lua).
local function begin_staged()
  local at = 7
  while at <= #ARGV do
    local values = tonumber(ARGV[at + 1])
    local from = values < 0 and at + 3 or at + 2
    values = math.abs(values)
    if ARGV[at] == 'push' and ARGV[from + 2] == 'STAGED' then
      local queue = queue_at(ARGV[from])
      staged[queue.name] = staged[queue.name] or {}
      for id = from + 3, at + values - 1, 2 do
        staged[queue.name][ARGV[id]] = true
      end
    end
    at = at + values
  end
  local are_added = true
  for name in pairs(staged) do
    are_added = are_added and redis.call('EXISTS', EVENTS .. name) == 0
  end
  for name in pairs(staged) do
    -- Without the right to rename the other script could not either.
    are_added = are_added and not redis.pcall('RENAME', STAGED .. name, EVENTS .. name).err
    if not are_added then
      redis.call('DEL', STAGED .. name)
    end
  end
  return are_added
end

-- Removes the contents of events that were not pushed.
local function end_staged()
  for name, ids in pairs(staged) do
    for id in pairs(ids) do
      redis.pcall('HDEL', EVENTS .. name, id)
      shrank(queue_named(name))
    end
  end
end

-- It must not fail: all calls are done by now.
local function finish(replies)
  end_staged()
  for _, queue in pairs(shrunk) do
    pcall(forget_if_unused, queue)
  end
  if deadlines_changed then
    local ok, due = pcall(next_due)
    replies[3] = ok and due
  end
  replies[4] = next_tick or false
  for name, count in pairs(ready_counts) do
    replies[1][#replies[1] + 1] = name
    replies[1][#replies[1] + 1] = count
    -- Where a message must not be sent, waiters find the event a bit later.
    redis.pcall('PUBLISH', ARGV[4], ARGV[6] .. ' ' .. count .. ' ' .. name)
  end
end

if ARGV[3] == 'STAGED' and not begin_staged() then
  return { ok = 'NOT STAGED' }
end

local NOT_MADE = { ok = 'NOT MADE' }

local replies = { {}, 0, false, false }
local broken_chains = {}
local at = 7
while at <= #ARGV and replies[2] == 0 do
  local values, from, chain = tonumber(ARGV[at + 1]), at + 2, nil
  if values < 0 then
    values, from, chain = -values, at + 3, ARGV[at + 2]
  end
  if chain and broken_chains[chain] then
    replies[#replies + 1] = NOT_MADE
  else
    local ok, reply = pcall(verbs[ARGV[at]], from, at + values - 1)
    if not ok then
      reply = failure_of(reply)
      if chain then
        broken_chains[chain] = true
      end
    end
    replies[#replies + 1] = reply
    replies[2] = reply_bytes < REPLY_BYTES_MAX and 0 or 1
  end
  at = at + values
end
finish(replies)
return replies
