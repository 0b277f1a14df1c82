-- Helpers shared by all verbs: the time, a queue's keys, and what the batch loop does at the end
-- for the queues that the verbs changed. Goes in front of the verbs; the names of keys (READY,
-- CLAIMED ...) come from keys.ts before it.
-- KEYS    queues timers processes absent process, then events of each queue
-- ARGV    now (empty: the server's time) tick (the first that this okq process has not seen)
--         GROWS|STAGED|- ready-channels due-channel origin shard ended-channels
-- Returns nothing by itself, but ends the batch with an error where nothing can be written

local queues_key, timers_key, processes_key, absent_key, process_key =
  unpack(KEYS, 1, FIXED_KEYS)

-- Redis looks at the first write of a script only: whether there is memory for it, whether writing
-- is possible at all. So a write that changes nothing goes first. In a batch with pushes or results
-- (GROWS) it is one that needs memory. Without memory pushes are refused, and pops and acks go on
-- after a second write, which needs none. A transaction (STAGED) is only executed where all that is
-- possible.
local memory_answer = ARGV[3] == 'GROWS' and redis.pcall('SETRANGE', absent_key, 0, '')
if type(memory_answer) ~= 'number' and ARGV[3] ~= 'STAGED' then
  local write_refusal = redis.pcall('DEL', absent_key)
  if type(write_refusal) == 'table' then
    return write_refusal
  end
end

local function lacks_memory()
  return type(memory_answer) == 'table'
end

local function require_memory()
  if lacks_memory() then
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

-- By name whether a queue has priorities or groups; nil in scripts that leave such queues alone.
local are_ordered

local queues_by_number, queues_by_name = {}, {}

local function queue_named(name)
  local queue = queues_by_name[name]
  if not queue then
    queue = {
      ready = READY .. name,
      claimed = CLAIMED .. name,
      events = EVENTS .. name,
      front = FRONT .. name,
      claims = CLAIMS .. name,
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
    queue = queue_named(string.sub(KEYS[FIXED_KEYS + number + 1], #EVENTS + 1))
    queues_by_number[number] = queue
  end
  return queue
end

-- Whether the queue may have events in front of its list, or leases that are written down. Most
-- queues have neither, so one look per batch saves looking for each.
local function may_have_extras(queue)
  if queue.may_have_extras == nil then
    queue.may_have_extras = redis.call('EXISTS', queue.front, queue.claims) > 0
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

-- The names of queues in which a claim or an event ended in this batch.
local ended = {}

-- Queues that lost something in this batch: the batch loop forgets those that have nothing left.
local shrunk = {}
local function shrank(queue)
  shrunk[queue.name] = queue
  ended[queue.name] = true
end

-- Whether a verb may have changed the first of the deadlines, the earliest that a pop added, and
-- whether names of queues are still to be looked at.
local timers_changed, earliest_added, is_sweeping = false, math.huge, false

-- Something in the queue is due then, in ms. Returns an error if that cannot be noted.
local function note_due(queue, ms)
  local changed = redis.pcall('ZADD', timers_key, 'LT', 'CH', ms, queue.name)
  if changed == 1 then
    timers_changed = true
    earliest_added = math.min(earliest_added, ms)
  end
  return changed
end

-- Bytes of contents in the reply. From so many on the batch ends, so that a few pops of large
-- events do not hold up Redis and fill its memory; the rest of it comes as another batch.
local REPLY_BYTES_MAX = 4 * 1024 * 1024
-- Events that are taken out before their contents are counted.
local POP_SLICE = 16
local reply_bytes = 0

-- How far verbs of lists may still go in a transaction; nil outside of one.
local reach_left

-- By queue the ids whose contents are there although their events are not, or not yet.
local staged = {}

-- With less, fetching takes longer than Lua does. With a shorter lease, fetching may outlast it.
local FETCHED_BYTES_MIN = 32 * 1024
local FETCHED_LEASE_MS_MIN = 1000

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

-- Ends the claims of the ids from ARGV[first] to ARGV[last]; returns those that were claimed, and the
-- places, from 1, of the others.
local function end_claims(queue, first, last)
  local recorded = may_have_extras(queue) and redis.call('HDEL', queue.claims, unpack(ARGV, first, last))
  -- Where all had a record, all were claimed.
  local were_all = recorded == last - first + 1
    and redis.call('ZREM', queue.claimed, unpack(ARGV, first, last)) > 0
  ended[queue.name] = true
  local ids, missed = {}, {}
  for at = first, last do
    -- One by one: the scores of many would have to be written as text to see which are there.
    if were_all or redis.call('ZREM', queue.claimed, ARGV[at]) == 1 then
      ids[#ids + 1] = ARGV[at]
    else
      missed[#missed + 1] = at - first + 1
    end
  end
  fill_in(queue, ids)
  return ids, missed
end

-- Whether a queue that is rare has settings, pauses, windows or completed events; nil where none is
-- rare.
local has_beside

-- To be called when all calls are done.
local at_end = {}

-- Set by a verb that refused one of its operations: later calls of its chain are not made.
local is_refused = false

-- The reply of a call that was not made: okq makes it in another batch.
local NOT_MADE = { ok = 'NOT MADE' }

-- Where the calls begin in ARGV.
local FIRST_CALL = 9

-- The functions that are verbs, and by the name of each the function that makes it.
local verbs, makers = {}, {}

local function verb_named(name)
  if not verbs[name] then
    makers[name]()
  end
  return verbs[name]
end
