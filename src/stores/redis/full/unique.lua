-- The unique keys of events. The hash "unique" has the ids of events by their keys: behind "=" a key that
-- an event has as long as it waits, behind "+" one that is taken for some time, which ends as
-- "unique-ends" says. u in the record of an event is its key behind "e" (it has it until it ends), "c"
-- (until it is claimed) or "f" (for some time).
-- KEYS    of the queue: unique unique-ends
-- ARGV    (none)
-- Returns nothing by itself

local unique

-- Makes these functions: few events have a key.
local function make_unique()
  if unique then
    return
  end
  unique = {}

  -- The key in a record that belongs to its event, or nil.
  local function own_key(more)
    return string.byte(more.u) ~= 102 and string.sub(more.u, 2) or nil
  end

  -- The id of the event that has taken a key, or nil.
  unique.owner = function(queue, key)
    local ends = redis.call('ZSCORE', UNIQUE_ENDS .. queue.name, key)
    local is_for_time = ends and tonumber(ends) > now()
    return redis.call('HGET', UNIQUE .. queue.name, (is_for_time and '+' or '=') .. key) or nil
  end

  -- If there are too many, the one that would end first ends early; not the new one.
  local function take_for(queue, id, key, ms)
    local name = queue.name
    local is_new = redis.call('ZADD', UNIQUE_ENDS .. name, 'GT', now() + ms, key) == 1
    redis.call('HSET', UNIQUE .. name, '+' .. key, id)
    if is_new and redis.call('ZCARD', UNIQUE_ENDS .. name) > WINDOWS_MAX then
      local first = redis.call('ZRANGE', UNIQUE_ENDS .. name, 0, 1)
      local gone = first[1] ~= key and first[1] or first[2]
      redis.call('ZREM', UNIQUE_ENDS .. name, gone)
      redis.call('HDEL', UNIQUE .. name, '+' .. gone)
    end
    will_be_due(queue, forgotten_at(now() + ms))
  end

  -- A push gives an event its key. ms: for how long, if its record says so.
  unique.take = function(queue, id, more, ms)
    local key = own_key(more)
    if key then
      redis.call('HSET', UNIQUE .. queue.name, '=' .. key, id)
    else
      take_for(queue, id, string.sub(more.u, 2), ms)
    end
  end

  -- The event is gone, or has failed.
  unique.release = function(queue, id, more)
    local key = own_key(more)
    if key and redis.call('HGET', UNIQUE .. queue.name, '=' .. key) == id then
      redis.call('HDEL', UNIQUE .. queue.name, '=' .. key)
    end
  end

  -- The event is claimed.
  unique.claim = function(queue, id, more)
    if string.byte(more.u) == 99 then
      unique.release(queue, id, more)
    end
  end

  -- Whether another event has taken the key that this one gave up.
  unique.is_lost = function(queue, id, more)
    local key = own_key(more)
    local owner = key and unique.owner(queue, key)
    return owner ~= nil and owner ~= id
  end

  -- The event comes back: it gets its key again, or comes back without. Its record is to be kept then.
  unique.regain = function(queue, id, more)
    if unique.is_lost(queue, id, more) then
      more.u = nil
    elseif own_key(more) then
      unique.take(queue, id, more)
    end
  end

  -- Forgets the times of keys that have ended, at most so many; returns how many.
  unique.end_times = function(queue, limit)
    local key, second = UNIQUE_ENDS .. queue.name, '(' .. math.floor(now() / 1000) * 1000
    local ended_keys = redis.call('ZRANGEBYSCORE', key, '-inf', second, 'LIMIT', 0, limit)
    for _, each in ipairs(ended_keys) do
      redis.call('HDEL', UNIQUE .. queue.name, '+' .. each)
      redis.call('ZREM', key, each)
    end
    if #ended_keys > 0 then
      shrank(queue)
    end
    return #ended_keys
  end
end
