-- Cron entries. Each is a field of a hash: { version, since when it is set, its latest and its next
-- time (false if there is none), definition }, packed.
-- KEYS    crons-due cron-queues, of the queue: crons cron-times
-- ARGV    (none)
-- Returns nothing by itself

local VERSION, SET_AT, LAST_AT, NEXT_AT, DEFINITION = 1, 2, 3, 4, 5

local function cron_of(queue, name)
  local packed = redis.call('HGET', CRONS .. queue.name, name)
  return packed and cmsgpack.unpack(packed)
end

-- To be called when entries of the queue have changed.
local function note_crons(queue)
  local first = redis.call('ZRANGE', CRON_TIMES .. queue.name, 0, 0, 'WITHSCORES')[2]
  if first then
    redis.call('ZADD', CRONS_DUE, first, queue.name)
    redis.call('ZADD', CRON_QUEUES, 0, queue.name)
    list_queue(queue)
    will_be_due(queue, tonumber(first))
  else
    redis.call('ZREM', CRONS_DUE, queue.name)
    redis.call('ZREM', CRON_QUEUES, queue.name)
    shrank(queue)
  end
end

local function keep_cron(queue, name, entry)
  redis.call('HSET', CRONS .. queue.name, name, cmsgpack.pack(entry))
  redis.call('ZADD', CRON_TIMES .. queue.name, entry[NEXT_AT] or entry[SET_AT], name)
  note_crons(queue)
end

local function drop_cron(queue, name)
  redis.call('ZREM', CRON_TIMES .. queue.name, name)
  local dropped = redis.call('HDEL', CRONS .. queue.name, name)
  note_crons(queue)
  return dropped
end

-- { queue, name, version, definition, since when it is set, its latest and its next time, now }
local function shown_cron(queue_name, name, entry)
  reply_bytes = reply_bytes + #entry[DEFINITION]
  return {
    queue_name, name, entry[VERSION], entry[DEFINITION], entry[SET_AT], entry[LAST_AT], entry[NEXT_AT], now(),
  }
end
