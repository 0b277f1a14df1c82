-- Adds copies of events of another shard. A ready or delayed one is not handed out before settle.lua
-- has seen it or HELD_MS are over. Its record has the mark m, the owner o, till when it is held h, and
-- when it is due d (0: it is ready).
-- KEYS    queues, of the queue: all
-- ARGV    queue owner (id, state, score, mark, value, more, errors, log)... (as copy-out.lua answers)
-- Returns of each 1 if it was added, 2 if it was there already, or 0 if its id is taken; shorter if
--         the queue takes no more

-- Longer than the steps of a move take.
local HELD_MS = 30000

local function add_copy(queue, owner, id, state, score, mark, value, more, errors, log)
  if redis.call('ZSCORE', queue.completed, id) then
    drop_completed(queue, id)
  end
  if errors ~= '' then
    redis.call('HSET', queue.errors, id, errors)
  end
  if log ~= '' then
    redis.call('HSET', queue.log, id, log)
  end
  more.m, more.o = mark, owner
  if state == 'ready' or state == 'delayed' then
    make_room(queue, 1)
    more.d = score or 0
    more.h = math.max(more.d, now() + HELD_MS)
    state, score = 'delayed', more.h
  end
  put_in(queue, id, state, score, value, more)
end

verbs.copy_in = function(from, to)
  require_memory()
  local queue, owner, replies = opened_at(ARGV[from]), ARGV[from + 1], {}
  for at = from + 2, to, 8 do
    local id, state, mark = ARGV[at], ARGV[at + 1], ARGV[at + 3]
    local is_taken = redis.call('HEXISTS', queue.events, id) == 1
    local more = is_taken and more_of(queue, id)
    if more and more.m == mark then
      more.o = owner
      keep_more(queue, id, more)
      replies[#replies + 1] = 2
    elseif is_taken then
      replies[#replies + 1] = 0
    elseif not takes(queue, state) then
      return replies
    else
      add_copy(queue, owner, id, state, tonumber(ARGV[at + 2]), mark, ARGV[at + 4],
        cmsgpack.unpack(ARGV[at + 5]), ARGV[at + 6], ARGV[at + 7])
      replies[#replies + 1] = 1
    end
  end
  return replies
end
