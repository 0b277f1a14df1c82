-- What verbs on sets have in common.
-- KEYS    sets, of the queue: all, set
-- ARGV    (none)
-- Returns nothing by itself

-- The queue of that name, before its set is changed. Where a key has the wrong type this fails before
-- anything is done.
local function opened_for_set(number)
  redis.call('ZCARD', SETS)
  return opened_at(number)
end

-- Calls a command on a set with the members from ARGV[first] to ARGV[last]; each is called with
-- the reply and with the place of the first member that it is about.
local function with_members(command, key, first, last, each)
  for at = first, last, 1000 do
    each(redis.call(command, key, unpack(ARGV, at, math.min(at + 999, last))), at)
  end
end

-- To be called when members have gone.
local function forget_if_empty(queue)
  if redis.call('EXISTS', SET .. queue.name) == 0 then
    redis.call('ZREM', SETS, queue.name)
  end
end
