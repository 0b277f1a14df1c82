-- Notes how many consumers this okq process has on queues. The counts expire unless it repeats them.
-- KEYS    queues processes process
-- ARGV    ttlMs RESET|KEEP (queue's name, count)...
-- Returns nil

local function forget_own_counts()
  for _, name in ipairs(redis.call('HKEYS', process_key)) do
    shrank(queue_named(name))
  end
  redis.call('DEL', process_key)
end

verbs.register = function(from, to)
  -- A key of another type fails these, before anything is changed.
  redis.call('ZCARD', queues_key)
  redis.call('SCARD', processes_key)
  redis.call('HLEN', process_key)
  if ARGV[from + 1] == 'RESET' then
    forget_own_counts()
  end
  for at = from + 2, to, 2 do
    local name, count = ARGV[at], tonumber(ARGV[at + 1])
    if count == 0 then
      redis.call('HDEL', process_key, name)
      shrank(queue_named(name))
    else
      redis.call('HSET', process_key, name, count)
      redis.call('ZADD', queues_key, 0, name)
    end
  end
  if redis.call('PEXPIRE', process_key, ARGV[from]) == 1 then
    redis.call('SADD', processes_key, process_key)
  else
    redis.call('SREM', processes_key, process_key)
  end
  processes = nil
  return false
end
