-- What the name of a queue is: see streams.ts and sets.ts. A queue with a record is a stream. One with events
-- whose name is in "lists" is a list; without events it is none, whatever is noted. A set and its queue may
-- be there both.
-- KEYS    lists, of the queue: events completed stream, set
-- ARGV    (none)
-- Returns nothing by itself

-- What verbs on lists, streams and sets answer for a name of another kind.
local WRONG_TYPE = -3

local function has_events(queue)
  return redis.call('EXISTS', queue.events, COMPLETED .. queue.name) > 0
end

-- Fails where another program has written something else there.
local function is_stream(queue)
  return redis.call('HLEN', STREAM .. queue.name) > 0
end

local function is_list(queue)
  return redis.call('SISMEMBER', LISTS, queue.name) == 1 and has_events(queue)
end

-- To be called before events are pushed to a queue that may have lost its last one in this batch.
local function is_list_no_more(queue)
  if shrunk[queue.name] and not has_events(queue) then
    redis.pcall('SREM', LISTS, queue.name)
  end
end

-- Verbs on sets do nothing then.
local function is_of_queue(queue)
  return has_events(queue) or is_stream(queue)
end

local function is_of_set(queue)
  return redis.call('EXISTS', SET .. queue.name) == 1 and not is_of_queue(queue)
end

-- Verbs on lists do nothing then.
local function is_no_list(queue)
  return is_stream(queue) or is_of_set(queue)
end

-- Verbs on streams do nothing then.
local function is_no_stream(queue)
  return is_list(queue) or is_of_set(queue)
end

-- To be called before a verb on lists pushes: into a queue without events.
local function becomes_list(queue)
  redis.call('SADD', LISTS, queue.name)
end
