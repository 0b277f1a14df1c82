-- Helpers shared by all verbs: the time, a queue's keys, and what the batch loop does at the end
-- for the queues that the verbs changed. Goes in front of the verbs; the names of keys (READY,
-- CLAIMED ...) come from keys.ts before it.
-- KEYS    queues deadlines processes absent numbers process, then
--         ready claimed events front leases of each queue
-- ARGV    now (empty: the server's time)
-- Returns nothing by itself, but ends the batch with an error where nothing can be written

local queues_key, deadlines_key, processes_key, absent_key, numbers_key, process_key =
  unpack(KEYS, 1, FIXED_KEYS)

-- Redis looks at the first write of a script only: whether there is memory for it, whether writing
-- is possible at all. So two that do nothing go first: one that needs memory, for pushes are
-- refused without it, and one that needs none, behind which pops and acks go on.
local memory_refusal = redis.pcall('SETRANGE', absent_key, 0, '')
local write_refusal = redis.pcall('DEL', absent_key)
if type(write_refusal) == 'table' then
  return write_refusal
end

local function require_memory()
  if type(memory_refusal) == 'table' then
    error(memory_refusal)
  end
end

local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Numbers that ascend from claim to claim, however many batches share a millisecond. A clock that
-- was set back begins anew: leases go by it too.
local NUMBERS_AHEAD_MS = 16
local NUMBERS_KEPT_MS = 60000
local last_number

-- Gives that many; returns the first of them.
local function take_numbers(count)
  if not last_number then
    local last = tonumber(redis.pcall('HGET', numbers_key, 'last'))
    local is_near = last and last >= now and last < now + NUMBERS_AHEAD_MS
    last_number = is_near and last or now - NUMBER_STEP
  end
  local first = last_number + NUMBER_STEP
  last_number = last_number + count * NUMBER_STEP
  return first
end

local function keep_numbers()
  if last_number then
    redis.pcall('HSET', numbers_key, 'last', last_number)
    redis.pcall('PEXPIRE', numbers_key, NUMBERS_KEPT_MS)
  end
end

-- The keys of the batch's queue with that number, counted from 0.
local function queue_at(number)
  local at = FIXED_KEYS + QUEUE_KEYS * tonumber(number)
  return {
    ready = KEYS[at + 1],
    claimed = KEYS[at + 2],
    events = KEYS[at + 3],
    front = KEYS[at + 4],
    leases = KEYS[at + 5],
    name = string.sub(KEYS[at + 1], #READY + 1),
  }
end

local function queue_named(name)
  return {
    ready = READY .. name,
    claimed = CLAIMED .. name,
    events = EVENTS .. name,
    front = FRONT .. name,
    leases = LEASES .. name,
    name = name,
  }
end

-- Scores and ids, for ZADD, of events that are put at the right end one after the other.
local function at_right_end(ids)
  local number, scored = take_numbers(#ids), {}
  for _, id in ipairs(ids) do
    scored[#scored + 1] = -number
    scored[#scored + 1] = id
    number = number + NUMBER_STEP
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
