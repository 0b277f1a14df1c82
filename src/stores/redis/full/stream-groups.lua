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

local function sort_by_place(found)
  table.sort(found, function(a, b)
    return a.place < b.place
  end)
end

-- The first so many claims, in the order of their places, that stand between two places, both included, and
-- that fits accepts: place, id, begin and record of each. And all places, if these are wanted. nil if there
-- are too many claims.
local function claims_between(queue, from, to, count, fits, places)
  local found, farthest, read_place, is_over = {}, nil, place_reader(queue), false
  local function cut()
    sort_by_place(found)
    for at = #found, count + 1, -1 do
      found[at] = nil
    end
    farthest = found[count] and found[count].place
  end
  local is_read = each_claim(queue, function(id, begin, record)
    local does_fit = fits(begin, record)
    local is_wanted = does_fit or places ~= nil
    local place = is_wanted and read_place(id)
    is_over = is_over or is_wanted and not place
    if places then
      places[#places + 1] = place
    end
    if place and does_fit and place >= from and place <= to and not (farthest and place >= farthest) then
      found[#found + 1] = { place = place, id = id, begin = begin, record = record }
      if #found >= 2 * count + CLAIMS_AT_ONCE then
        cut()
      end
    end
  end)
  if not is_read or is_over then
    return nil
  end
  cut()
  return found
end

-- Ends claims as by crashes without backoff that are not counted. claims: id and begin of each.
local function return_claims(queue, claims)
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
