-- The history of a queue: see history.ts. In the hash "since" is the minute of the first counts, and "hour"
-- and "day" have the steps that are over, as packed-steps.ts says. "latest" is the latest minute: how many
-- minutes it is after the first one, and all its values.
-- KEYS    rare, of the queue: all
-- ARGV    (none)
-- Returns nothing by itself

local MINUTE_MS = 60000
-- A history that does not go on is of no use: an older okq would leave it behind.
local EXPIRES_MS = 25 * 3600 * 1000

-- The places of counts in a step; the levels are between them.
local places = { pushed = 1, popped = 2, acked = 3, failures = 8, failed = 9 }
local LEVELS_AT = 4
local VALUES = 9

-- at: how many steps after the first one.
local function packed(at, values)
  local mask, kept = 0, {}
  for place, value in ipairs(values) do
    if value ~= 0 then
      mask = mask + 2 ^ (place - 1)
      kept[#kept + 1] = value
    end
  end
  local integers = cmsgpack.pack(at, mask, unpack(kept))
  return string.char(#integers) .. integers
end

-- The place in which the step ends that begins there, counted from 1.
local function end_of(steps, from)
  return from + 1 + string.byte(steps, from)
end

local function step_in(steps, from)
  -- Another program may have written something else: then this fails.
  local integers = { cmsgpack.unpack(string.sub(steps, from + 1, end_of(steps, from) - 1)) }
  local mask, values, next_one = integers[2], {}, 3
  for place = 1, VALUES do
    values[place] = 0
    if mask % 2 == 1 then
      values[place], next_one = integers[next_one] + 0, next_one + 1
    end
    mask = math.floor(mask / 2)
  end
  return integers[1] + 0, values
end

-- The steps with one more, without those before the latest one that is older than that.
local function with_step(steps, step, oldest)
  steps = steps .. step
  local from, following = 1, end_of(steps, 1)
  while following <= #steps do
    local _, at = cmsgpack.unpack_one(steps, following)
    if at >= oldest then
      break
    end
    from, following = following, end_of(steps, following)
  end
  return string.sub(steps, from)
end

-- The values of the ten minutes in which the latest minute is.
local function sum_of_ten(minutes, since, latest, values)
  local sums, from = { unpack(values) }, 1
  local ten = math.floor((since + latest) / TEN)
  while from <= #minutes do
    local at, own = step_in(minutes, from)
    if math.floor((since + at) / TEN) == ten then
      for _, place in pairs(places) do
        sums[place] = sums[place] + own[place]
      end
    end
    from = end_of(minutes, from)
  end
  return sums
end

-- The latest minute is over: that one has come. Both are counted from the first one.
local function end_minute(key, since, latest, values, minute)
  local kept = redis.call('HMGET', key, 'hour', 'day')
  local hour, ten = kept[1] or '', math.floor((since + minute) / TEN)
  local latest_ten, first_ten = math.floor((since + latest) / TEN), math.floor(since / TEN)
  if ten > latest_ten then
    local sums = packed(latest_ten - first_ten, sum_of_ten(hour, since, latest, values))
    redis.call('HSET', key, 'day', with_step(kept[2] or '', sums, ten - first_ten - DAY_STEPS + 1))
  end
  redis.call('HSET', key, 'hour', with_step(hour, packed(latest, values), minute - HOUR_STEPS + 1))
  for _, place in pairs(places) do
    values[place] = 0
  end
end

-- The first minute of a history that goes on, how many minutes after it the one is to which counts belong
-- that come in this minute, the values of that one so far, and whether it is a new one. It fails where
-- there is none.
local function values_kept(key, minute)
  local kept = redis.call('HMGET', key, 'since', 'latest')
  local since, values = tonumber(kept[1]), { cmsgpack.unpack(kept[2]) }
  local latest = table.remove(values) + 0
  assert(#values == VALUES)
  local passed = minute - since - latest
  assert(passed <= IDLE_MAX and -passed <= BACK_MAX)
  if passed > 0 then
    end_minute(key, since, latest, values, minute - since)
  end
  return since, math.max(latest, minute - since), values, passed > 0
end

-- The same, of a history that may begin now. One that okq cannot read begins anew.
local function values_now(key)
  local minute = math.floor(now() / MINUTE_MS)
  local ok, since, at, values, is_new = pcall(values_kept, key, minute)
  if ok then
    return since, at, values, is_new
  end
  redis.call('DEL', key)
  return minute, 0, { 0, 0, 0, 0, 0, 0, 0, 0, 0 }, true
end

-- Whether there is anything for a history among these counts: numbers by field.
history.has_some = function(counts)
  for field in pairs(places) do
    if counts[field] then
      return true
    end
  end
  return false
end

-- How many events are ready. A queue that is not rare (see rare.lua) has nothing but its list and its front.
local function ready_in(queue)
  if not queue.config and redis.call('SISMEMBER', RARE, queue.name) == 0 then
    return redis.call('LLEN', queue.ready) + redis.call('ZCARD', queue.front)
  end
  look_at(queue)
  return ready_count(queue)
end

-- Adds counts to the minute of now, and notes how many events there are now.
history.add = function(queue, counts)
  local name = queue.name
  local key = HISTORY .. name
  local since, at, values, is_new = values_now(key)
  for field, place in pairs(places) do
    values[place] = values[place] + (counts[field] or 0)
  end
  values[LEVELS_AT] = ready_in(queue)
  values[LEVELS_AT + 1] = redis.call('ZCARD', queue.claimed)
  values[LEVELS_AT + 2] = redis.call('ZCARD', DELAYED .. name)
  values[LEVELS_AT + 3] = redis.call('ZCARD', FAILED .. name)
  values[VALUES + 1] = at
  local latest = cmsgpack.pack(unpack(values))
  if is_new then
    redis.call('HSET', key, 'since', since, 'latest', latest)
  else
    redis.call('HSET', key, 'latest', latest)
  end
  if is_new then
    redis.call('PEXPIRE', key, EXPIRES_MS)
  end
end
