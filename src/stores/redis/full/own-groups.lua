-- What groups have of their own: a limit, a rate, till when they are paused (in ms, or infinity). And
-- what is done after settings have changed, or when time has passed.
-- KEYS    of the queue: groups own-groups looks review
-- ARGV    (none)
-- Returns nothing by itself

local function keep_own(queue, record)
  local key, counted = OWN_GROUPS .. queue.name, record.counted
  if next(record.own) == nil then
    redis.call('HDEL', key, record.key)
    shrank(queue)
  else
    redis.call('HSET', key, record.key, cmsgpack.pack(record.own))
    queue.has_own_groups = true
    list_queue(queue)
  end
  groups.note_own(queue, record, nil)
  if record.rate and counted and counted.text == record.rate.text then
    record.counted = counted
  end
  groups.note(queue, record)
end

-- Whether that group may have something of its own. change: is called with what it has.
local function change_own(queue, name, change)
  make_groups()
  will_join(queue, name)
  local record = groups.record_of(queue, name)
  local is_new = next(record.own) == nil
  if is_new and redis.call('HLEN', OWN_GROUPS .. queue.name) >= OWN_GROUPS_MAX then
    return false
  end
  record.own = is_new and {} or record.own
  change(record.own)
  keep_own(queue, record)
  return true
end

-- More of them are looked at in the next tick.
local LOOKED_AT_MAX = 1000

-- Looks at groups because their pauses have ended, or their rates let something go, or at the rate of
-- the queue.
local function look_at_groups(queue, limit)
  local key = LOOKS .. queue.name
  local due = redis.call('ZRANGEBYSCORE', key, '-inf', now(), 'LIMIT', 0, math.min(limit, LOOKED_AT_MAX))
  if #due == 0 then
    return
  end
  -- What is to be looked at again enters again.
  redis.call('ZREM', key, unpack(due))
  make_groups()
  groups.read(queue, due)
  for _, each in ipairs(due) do
    local record = queue.groups[each]
    record.look, record.has_counted = 0, record.rate ~= nil
    groups.note(queue, record)
    if each == '' and queue.rate then
      rates.look_in(queue)
    elseif record.own.till and record.own.till <= now() then
      record.own.till = nil
      keep_own(queue, record)
    end
  end
  groups.settle(queue)
end

-- So many groups are looked at in one step after the settings have changed.
local REVIEWED_AT_ONCE = 100

local function review_groups(queue)
  local key, name = REVIEW .. queue.name, queue.name
  local cursor = redis.call('HGET', key, 'groups')
  if not cursor then
    return
  end
  local scanned, keys = redis.call('HSCAN', GROUPS .. name, cursor, 'COUNT', REVIEWED_AT_ONCE), {}
  make_groups()
  for at = 1, #scanned[2], 2 do
    keys[#keys + 1] = scanned[2][at]
  end
  groups.read(queue, keys)
  for _, each in ipairs(keys) do
    groups.note(queue, queue.groups[each])
  end
  groups.settle(queue)
  if scanned[1] == '0' then
    redis.call('HDEL', key, 'groups')
  else
    redis.call('HSET', key, 'groups', scanned[1])
  end
end
