-- Moves what an okq of the first layout keeps to the second layout, step by step: see upgrade.ts. The
-- names of keys (READY, QUEUES, OLD ...) come from there. Each step may be repeated.
-- KEYS    queues (of the first layout) absent
-- ARGV    step, then its arguments, which stand above it
-- Returns what stands above the step

local KINDS = { 'ready', 'front', 'claimed' }
-- For each key of a queue in the first layout a command that only fails if its type is another one.
local COUNTS = { ready = 'LLEN', front = 'ZCARD', claimed = 'ZCARD', events = 'HLEN', leases = 'HLEN' }
-- While the numbers of imports are kept, an import that was delayed can do no harm.
local COPIED_MS = 24 * 60 * 60 * 1000

-- For people who meet the keys that keep an older okq away.
local NOTE = 'a newer okq has moved all keys'

local names_key, renamed_key = MOVING .. 'names', MOVING .. 'renamed'

local function old_key(kind, name)
  return TAG .. ':' .. kind .. ':' .. name
end

local function moving_key(kind, name)
  return MOVING .. kind .. ':' .. name
end

-- With a state it is no key of the first layout.
local function state()
  local known = redis.pcall('HGET', KEYS[1], 'state')
  if type(known) == 'string' then
    return known
  end
  return redis.call('ZCARD', KEYS[1]) > 0 and 'old' or 'empty'
end

local function has_old_types(name)
  for kind, count in pairs(COUNTS) do
    if type(redis.pcall(count, old_key(kind, name))) == 'table' then
      return false
    end
  end
  return true
end

local function rename(key, to)
  if redis.call('EXISTS', key) == 1 then
    redis.call('RENAME', key, to)
  end
end

local function imports(name)
  return tonumber(redis.call('HGET', moving_key('copied', name), 'imports')) or 0
end

local function count_import(name)
  redis.call('HINCRBY', moving_key('copied', name), 'imports', 1)
  redis.call('PEXPIRE', moving_key('copied', name), COPIED_MS)
end

-- Puts events in the new line of a queue; the contents are there. Each is an id, a score, a lease.
local function place(name, kind, events)
  local first
  for _, event in ipairs(events) do
    if kind == 'ready' then
      redis.call('LPUSH', READY .. name, event.id)
    else
      redis.call('ZADD', (kind == 'front' and FRONT or CLAIMED) .. name, event.score, event.id)
    end
    if kind == 'claimed' then
      first = math.min(first or math.huge, tonumber(event.score))
      if event.lease ~= '' then
        local record = '- ' .. event.lease .. ' ' .. event.lease
        redis.call('HSET', CLAIMS .. name, event.id, record)
      end
    end
  end
  if #events > 0 then
    redis.call('ZADD', QUEUES, 0, name)
  end
  if first then
    redis.call('ZADD', TIMERS, 'LT', math.floor(first / TICKS_PER_MS), name)
  end
  count_import(name)
end

local steps = {}

-- (none) -> empty, old (as an older okq left it), moved or done
function steps.state()
  return state()
end

-- (none) -> how many keys name queues. From then on an older okq can push no event, and hand out
-- none with a lease.
function steps.begin()
  if state() == 'moved' or state() == 'done' then
    return redis.call('EXISTS', names_key, renamed_key)
  end
  local names = redis.call('ZCARD', KEYS[1])
  if names > 0 and redis.call('EXISTS', names_key) == 1 then
    redis.call('ZUNIONSTORE', names_key, 2, names_key, KEYS[1])
  elseif names > 0 then
    redis.call('RENAME', KEYS[1], names_key)
  end
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'state', 'moved', 'note', NOTE)
  redis.call('SET', TAG .. ':deadlines', NOTE)
  redis.call('UNLINK', TAG .. ':processes', TAG .. ':sweep')
  return redis.call('EXISTS', names_key, renamed_key)
end

-- limit -> how many queues are left, how many were left as they are, because a key has another type
function steps.rename(limit)
  local skipped = 0
  for _, name in ipairs(redis.call('ZRANGE', names_key, 0, limit - 1)) do
    if has_old_types(name) then
      for kind in pairs(COUNTS) do
        if redis.call('EXISTS', moving_key(kind, name)) == 1 then
          error({ err = 'ERR the keys of ' .. name .. ' are moved already' })
        end
        rename(old_key(kind, name), moving_key(kind, name))
      end
      redis.call('UNLINK', old_key('staged', name))
      redis.call('ZADD', renamed_key, 0, name)
    else
      skipped = skipped + 1
    end
    redis.call('ZREM', names_key, name)
  end
  return { redis.call('ZCARD', names_key), skipped }
end

-- (none) -> the name of a queue that is to be copied, or nothing. Any of them, so that several okq
-- seldom copy the same one.
function steps.next()
  return redis.call('ZRANDMEMBER', renamed_key)
end

-- name -> how many imports there were
function steps.imports(name)
  return imports(name)
end

-- name limit bytes -> the kind, then of each event id, score and lease: the next ones to be copied,
-- or nothing at the end
function steps.read(name, limit, bytes)
  local leases, events, left = moving_key('leases', name), moving_key('events', name), tonumber(bytes)
  for _, kind in ipairs(KINDS) do
    local key, found = moving_key(kind, name), nil
    if kind == 'ready' then
      found = redis.call('LRANGE', key, -limit, -1)
    else
      found = redis.call('ZRANGE', key, 0, limit - 1, 'WITHSCORES')
    end
    if #found > 0 then
      local slice, step = { kind }, kind == 'ready' and -1 or 2
      for at = kind == 'ready' and #found or 1, kind == 'ready' and 1 or #found, step do
        local id, score = found[at], kind ~= 'ready' and found[at + 1] or ''
        left = left - redis.call('HSTRLEN', events, id)
        if left < 0 and #slice > 1 then
          break
        end
        slice[#slice + 1] = id
        slice[#slice + 1] = score
        slice[#slice + 1] = kind == 'claimed' and redis.call('HGET', leases, id) or ''
      end
      return slice
    end
  end
  return false
end

-- name -> (id value score lease)...: which of the ids are new, as 1 or 0
function steps.fresh(name, ...)
  local fresh = {}
  for _, id in ipairs({ ... }) do
    fresh[#fresh + 1] = 1 - redis.call('HEXISTS', EVENTS .. name, id)
  end
  return fresh
end

-- name kind imports (id value score lease)... -> 1, or 0 if there was another import meanwhile
function steps.import(name, kind, expected, ...)
  if imports(name) ~= tonumber(expected) then
    return 0
  end
  local given, fresh = { ... }, {}
  for at = 1, #given, 4 do
    if redis.call('HSETNX', EVENTS .. name, given[at], given[at + 1]) == 1 then
      fresh[#fresh + 1] = { id = given[at], score = given[at + 2], lease = given[at + 3] }
    end
  end
  place(name, kind, fresh)
  return 1
end

-- name imports id... -> 1, or 0. As the beginning of import, for contents that HSET adds next, to
-- the hash "filling".
function steps.open(name, expected, ...)
  redis.call('DEL', moving_key('filling', name))
  if imports(name) ~= tonumber(expected) then
    return 0
  end
  for _, id in ipairs({ ... }) do
    if redis.call('HEXISTS', EVENTS .. name, id) == 1 then
      return 0
    end
  end
  rename(EVENTS .. name, moving_key('filling', name))
  redis.call('HSET', moving_key('copied', name), 'is_open', 1)
  return 1
end

-- name kind (id score lease)... -> 1, or 0 if open refused it. The end of import.
function steps.close(name, kind, ...)
  if redis.call('HDEL', moving_key('copied', name), 'is_open') == 0 then
    redis.call('UNLINK', moving_key('filling', name))
    return 0
  end
  redis.call('RENAME', moving_key('filling', name), EVENTS .. name)
  local given, events = { ... }, {}
  for at = 1, #given, 3 do
    events[#events + 1] = { id = given[at], score = given[at + 1], lease = given[at + 2] }
  end
  place(name, kind, events)
  return 1
end

-- name kind id... -> nothing. Removes events that were copied.
function steps.remove(name, kind, ...)
  local key, ids = moving_key(kind, name), {}
  for _, id in ipairs({ ... }) do
    ids[id] = true
    if kind ~= 'ready' then
      redis.call('ZREM', key, id)
    end
  end
  -- Events leave the list at this end only.
  while kind == 'ready' and ids[redis.call('LINDEX', key, -1) or false] do
    redis.call('RPOP', key)
  end
  redis.call('HDEL', moving_key('events', name), ...)
  redis.call('HDEL', moving_key('leases', name), ...)
  return false
end

-- name -> nothing. An import that was read before the end is refused from now on.
function steps.refuse(name)
  if redis.call('EXISTS', moving_key('copied', name)) == 1 then
    count_import(name)
  end
  return false
end

-- name -> nothing. All events are copied.
function steps.forget(name)
  local kept = {}
  for _, kind in ipairs(KINDS) do
    kept[#kept + 1] = moving_key(kind, name)
  end
  if redis.call('EXISTS', unpack(kept)) == 0 then
    redis.call('UNLINK', moving_key('events', name), moving_key('leases', name))
    redis.call('ZREM', renamed_key, name)
  end
  return false
end

-- (none) -> nothing. A write, so that a WAIT behind it is about all steps before it.
function steps.note()
  if state() == 'moved' or state() == 'done' then
    redis.call('HSET', KEYS[1], 'note', NOTE)
  end
  return false
end

-- (none) -> 1, or 0 if there is something to be moved: a failover brought it back.
function steps.finish()
  local is_moved = state() == 'moved' or state() == 'done'
  if not is_moved or redis.call('EXISTS', names_key, renamed_key) > 0 then
    return 0
  end
  redis.call('HSET', KEYS[1], 'state', 'done')
  return 1
end

-- The first write of a script decides whether it needs memory: see prelude.lua.
if ARGV[1] ~= 'state' then
  redis.call('DEL', KEYS[2])
end
return steps[ARGV[1]](unpack(ARGV, 2))
