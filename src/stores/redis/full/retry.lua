-- Makes failed events ready, and delayed ones that wait for another attempt.
-- KEYS    of the queue: all
-- ARGV    queue LEFT|RIGHT (id, version)... (version empty: any)
-- Returns of each 1, or 0 if it is as before

local function retry(queue, id, state, more, is_left)
  if state == 'failed' then
    redis.call('ZREM', queue.failed, id)
    will_join(queue, more.G)
  else
    leave_waiting(queue, id, state, more)
  end
  more.f, more.c, more.T = nil, nil, now()
  return_waiting(queue, id, more, nil, not is_left and -take_ticks(1) or nil)
end

verbs.retry = function(from, to)
  local queue, is_left, replies = opened_at(ARGV[from]), ARGV[from + 1] == 'LEFT', {}
  for at = from + 2, to, 2 do
    local id = ARGV[at]
    local state, score = state_of(queue, id)
    local more = more_of(queue, id)
    local may_go = (state == 'failed' or state == 'delayed' and (more.f or more.c))
      and is_version(queue, id, state, score, ARGV[at + 1])
    if may_go and more.u then
      make_unique()
      may_go = not unique.is_lost(queue, id, more)
    end
    if may_go then
      retry(queue, id, state, more, is_left)
    end
    replies[#replies + 1] = may_go and 1 or 0
  end
  return replies
end
