-- Forgets a queue without events, settings and consumers that is no stream: it leaves no name behind. A list
-- without events is no list. The batch loop calls it.
-- KEYS    queues timers processes lists, of the queue: ready claimed events front config stats history
--         stream
-- ARGV    (none)
-- Returns nothing

local processes
local function consumers_of(queue)
  processes = processes or redis.call('SMEMBERS', processes_key)
  local consumers = 0
  for _, process in ipairs(processes) do
    consumers = consumers + (tonumber(redis.call('HGET', process, queue.name)) or 0)
  end
  return consumers
end

verbs.forget_if_unused = function(queue)
  local has_none = redis.call('EXISTS', queue.events) == 0
  if has_none and not (has_beside and redis.call('EXISTS', COMPLETED .. queue.name) == 1) then
    redis.pcall('SREM', LISTS, queue.name)
  end
  local is_empty = has_none and redis.call('EXISTS', queue.ready, queue.claimed, queue.front,
    CONFIG .. queue.name, STREAM .. queue.name) == 0
  if is_empty and not (has_beside and has_beside(queue)) then
    redis.call('ZREM', timers_key, queue.name)
    if consumers_of(queue) == 0 then
      redis.call('UNLINK', STATS .. queue.name, HISTORY .. queue.name)
      redis.call('ZREM', queues_key, queue.name)
    end
  end
end
