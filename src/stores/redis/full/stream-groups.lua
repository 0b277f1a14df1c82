-- The groups of a stream, and the consumers of a group: see queue/streams.ts. Each group has a queue.
-- KEYS    of the queue: claimed claims config stream
-- ARGV    (none)
-- Returns nothing by itself

-- What verbs answer for a group, or a queue, that is not there.
local NO_GROUP, NO_QUEUE = -7, -8

-- The queue of a group, open; nil if there is no such group.
local function queue_of_group(queue, group)
  local record = record_of(queue)
  if group == 'default' or record and record.group == group then
    return queue
  end
  local bindings = queue.config.bindings
  for _, name in ipairs(bindings and unpacked(bindings) or {}) do
    if name == group then
      return open(queue_named(queue.name .. '@' .. name))
    end
  end
end

-- The queue of the group whose stream and name ARGV has from there on; or nil, and what the verb answers.
local function group_at(from)
  local queue = opened_at(ARGV[from])
  if is_no_stream(queue) then
    return nil, WRONG_TYPE
  end
  local own = queue_of_group(queue, ARGV[from + 1])
  if not own then
    return nil, NO_GROUP
  end
  -- A key of the wrong type fails the verb before anything is done.
  record_of(own)
  return own
end

-- The worker of a claimant: see claimant.ts.
local function worker_of(claimant)
  return string.match(claimant, '^%S* %S* (.*)$') or ''
end

-- The tick at which a claim began.
local function begin_of(score, record)
  local span = tonumber(string.match(record, '^%S+ (%d+)')) or USUAL_LEASE_MS
  return tonumber(score) - span * TICKS_PER_MS
end

local function idle_ms(begin)
  return math.max(0, now() - math.floor(begin / TICKS_PER_MS))
end

-- So many claims are read at once.
local CLAIMS_AT_ONCE = 1000

-- Reads claims: calls run with the id of each that is there, the tick at which it began, and its record.
local function read_some_claims(queue, ids, run)
  for first = 1, #ids, CLAIMS_AT_ONCE do
    local some = { unpack(ids, first, math.min(#ids, first + CLAIMS_AT_ONCE - 1)) }
    local scores = redis.call('ZMSCORE', queue.claimed, unpack(some))
    local records = queue.has_claims and redis.call('HMGET', queue.claims, unpack(some)) or {}
    for at, id in ipairs(some) do
      if scores[at] then
        local record = records[at] or '-'
        run(id, begin_of(scores[at], record), record)
      end
    end
  end
end

-- As read_some_claims, with all claims of a queue; false if they are too many.
local function each_claim(queue, run)
  if not may_look(redis.call('ZCARD', queue.claimed)) then
    return false
  end
  read_some_claims(queue, redis.call('ZRANGE', queue.claimed, 0, -1), run)
  return true
end

-- More bytes of contents are not read to learn the places of claims.
local function place_reader(queue)
  local bytes = 0
  return function(id)
    local place = place_of_id(id)
    if place then
      return place
    elseif bytes > LIST_BYTES_MAX then
      return nil
    end
    local value = redis.call('HGET', queue.events, id) or ''
    bytes = bytes + #value
    return end_of_ms(pushed_at(value))
  end
end

-- The first so many claims, in the order of their places, that stand between two places, both included, and
-- that fits accepts, if it is given: id, place, begin and record of each. And all places, if these are wanted.
-- nil if there are too many claims.
local function claims_between(queue, from, to, count, fits, places)
  if not may_look(redis.call('ZCARD', queue.claimed)) then
    return nil
  end
  local add, collected = collector(from, to, count, false)
  local read_place, is_over = place_reader(queue), false
  local function look_at(id, begin, record)
    local does_fit = not fits or fits(begin, record)
    local place = (does_fit or places) and read_place(id)
    is_over = is_over or place == nil and (does_fit or places ~= nil)
    if places then
      places[#places + 1] = place
    end
    if place and does_fit then
      add(id, place)
    end
  end
  local ids = redis.call('ZRANGE', queue.claimed, 0, -1)
  if fits then
    read_some_claims(queue, ids, look_at)
  else
    for _, id in ipairs(ids) do
      look_at(id)
    end
  end
  local found, at = collected(), 0
  ids = {}
  for place, each in ipairs(found) do
    ids[place] = each.id
  end
  read_some_claims(queue, ids, function(_, begin, record)
    at = at + 1
    found[at].begin, found[at].record = begin, record
  end)
  return not is_over and found or nil
end

-- The claims of a consumer: id and begin of each; nil if the group has too many claims.
local function claims_of_worker(queue, name)
  local claims, ids = {}, {}
  local function add(id, begin, record)
    if worker_in(record) == name then
      claims[#claims + 1] = { id = id, begin = begin }
    end
  end
  if name == '' then
    return each_claim(queue, add) and claims or nil
  elseif not may_look(redis.call('ZCARD', queue.claimed)) then
    return nil
  end
  local flat = redis.call('HGETALL', queue.claims)
  for at = 1, #flat, 2 do
    ids[#ids + 1] = string.sub(flat[at + 1], -#name) == name and flat[at] or nil
  end
  read_some_claims(queue, ids, add)
  return claims
end

-- Whether claims and ready events of the queue have nothing but their places.
local function is_simple(queue)
  local has_more = queue.has_more or queue.has_places or queue.has_groups or queue.has_expires
  return not has_more and not duration_of(queue, 'ttl') and not limit_of(queue, 'max-claimed')
end

-- As return_claims, where is_simple.
local function return_simple(queue, claims)
  local ids, scored = {}, {}
  for at, each in ipairs(claims) do
    ids[at] = each.id
    scored[2 * at - 1], scored[2 * at] = string.format('%.0f', each.begin), each.id
  end
  fill_in(queue, left_out[queue.name] and ids or {})
  in_slices('ZREM', queue.claimed, ids)
  in_slices('HDEL', queue.claims, queue.has_claims and ids or {})
  in_slices('ZADD', queue.front, scored)
  queue.has_front, ended[queue.name] = true, true
  tell_ready(queue, #ids)
end

-- Ends claims as by crashes without backoff that are not counted. claims: id and begin of each.
local function return_claims(queue, claims)
  if is_simple(queue) then
    return return_simple(queue, claims)
  end
  putting_off(queue, function()
    for first = 1, #claims, CLAIMS_AT_ONCE do
      local last, ids = math.min(#claims, first + CLAIMS_AT_ONCE - 1), {}
      for at = first, last do
        ids[#ids + 1] = claims[at].id
      end
      read_claims(queue, ids)
      for at = first, last do
        local id = claims[at].id
        local more = more_of(queue, id)
        leave_claimed(queue, id, more)
        if more.x then
          erase(queue, id, more)
        else
          return_waiting(queue, id, more, nil, claims[at].begin)
        end
      end
    end
  end)
end
