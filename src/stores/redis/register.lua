-- Notes how many consumers this okq process has on queues, for as long as it keeps saying so.
-- KEYS    queues processes process
-- ARGV    ttlMs RESET|KEEP (queue's name, count)...
-- Returns nil

verbs.register = function(from, to)
  -- A key of another type fails these, before anything is changed.
  redis.call('ZCARD', queues_key)
  redis.call('SCARD', processes_key)
  if ARGV[from + 1] == 'RESET' then
    redis.call('DEL', process_key)
  else
    redis.call('HLEN', process_key)
  end
  for at = from + 2, to, 2 do
    local name, count = ARGV[at], tonumber(ARGV[at + 1])
    if count == 0 then
      redis.call('HDEL', process_key, name)
    else
      redis.call('HSET', process_key, name, count)
      redis.call('ZADD', queues_key, 0, name)
    end
  end
  redis.call('SADD', processes_key, process_key)
  redis.call('PEXPIRE', process_key, ARGV[from])
  for _, process in ipairs(redis.call('SMEMBERS', processes_key)) do
    if redis.call('EXISTS', process) == 0 then
      redis.call('SREM', processes_key, process)
    end
  end
  processes = nil
  return false
end
