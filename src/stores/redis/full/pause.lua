-- Pauses a queue: in, out, or for one worker or group.
-- KEYS    queues timers, of the queue: config paused-workers
-- ARGV    queue forMs|- what... (what: in, out, or "worker " or "group " and its name)
-- Returns 1, or 0 if too many workers are paused, or too many groups have something of their own

local function pause_worker(queue, worker, till)
  end_worker_pauses(queue)
  local key = PAUSED_WORKERS .. queue.name
  if not redis.call('ZSCORE', key, worker) and redis.call('ZCARD', key) >= PAUSED_WORKERS_MAX then
    return false
  end
  redis.call('ZADD', key, till, worker)
  queue.has_paused_workers = true
  return true
end

local function pause_group(queue, name, till)
  return change_own(queue, name, function(own)
    own.till = till
  end)
end

verbs.pause = function(from, to)
  local queue, ms = opened_at(ARGV[from]), tonumber(ARGV[from + 1])
  local till = ms and string.format('%.0f', now() + ms) or 'forever'
  for at = from + 2, to do
    local worker, group = string.match(ARGV[at], '^worker (.*)$'), string.match(ARGV[at], '^group (.*)$')
    if group then
      if not pause_group(queue, group, tonumber(till) or math.huge) then
        return 0
      end
    elseif not worker then
      redis.call('HSET', CONFIG .. queue.name, 'pause:' .. ARGV[at], till)
      queue.config['pause:' .. ARGV[at]] = till
    elseif not pause_worker(queue, worker, ms and till or '+inf') then
      return 0
    end
  end
  list_queue(queue)
  if ms then
    will_be_due(queue, now() + ms)
  end
  return 1
end
