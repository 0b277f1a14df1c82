-- Whether a name is that of a queue or of a set: see sets.ts. A set and its queue may be there both.
-- KEYS    of the queue: events completed, set
-- ARGV    (none)
-- Returns nothing by itself

-- What verbs on lists and sets answer for a name of the other kind.
local WRONG_TYPE = -3

-- Verbs on sets do nothing then.
local function is_of_queue(queue)
  return redis.call('EXISTS', queue.events, COMPLETED .. queue.name) > 0
end

-- Verbs on lists do nothing then.
local function is_of_set(queue)
  return redis.call('EXISTS', SET .. queue.name) == 1 and not is_of_queue(queue)
end
