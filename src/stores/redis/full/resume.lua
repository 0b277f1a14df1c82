-- Ends pauses of a queue.
-- KEYS    of the queue: config paused-workers
-- ARGV    queue what... (what: as for pause)
-- Returns nil

local function end_pause(queue, what)
  redis.call('HDEL', CONFIG .. queue.name, 'pause:' .. what)
  queue.config['pause:' .. what] = nil
  shrank(queue)
  if what ~= 'in' then
    tell_ready(queue, free_count(queue))
  end
end

local function ended_for_workers(queue)
  queue.has_paused_workers = nil
  shrank(queue)
  tell_ready(queue, free_count(queue))
end

-- Those whose time has come.
local function end_worker_pauses(queue)
  if redis.call('ZREMRANGEBYSCORE', PAUSED_WORKERS .. queue.name, '-inf', now()) > 0 then
    ended_for_workers(queue)
  end
end

verbs.resume = function(from, to)
  local queue = opened_at(ARGV[from])
  for at = from + 1, to do
    local worker, group = string.match(ARGV[at], '^worker (.*)$'), string.match(ARGV[at], '^group (.*)$')
    if group then
      change_own(queue, group, function(own)
        own.till = nil
      end)
    elseif not worker then
      end_pause(queue, ARGV[at])
    elseif redis.call('ZREM', PAUSED_WORKERS .. queue.name, worker) == 1 then
      ended_for_workers(queue)
    end
  end
  return false
end
