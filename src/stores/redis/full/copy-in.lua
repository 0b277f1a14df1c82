-- Adds copies of events of another shard. A ready or delayed one is not handed out before settle.lua
-- has seen it or HELD_MS are over. Its record has the mark m, the owner o, till when it is held h, and
-- when it is due d (0: it is ready).
-- KEYS    queues, of the queue: all
-- ARGV    queue owner (id, state, score, mark, value, more, errors, log)... (as copy-out.lua answers)
-- Returns of each 1 if it was added, 2 if it was there already, or 0 if its id is taken; shorter if
--         the queue takes no more

-- Longer than the steps of a move take.
local HELD_MS = 30000

local function add_copy(queue, owner, id, state, score, mark, value, packed, errors, log)
  local held
  if state == 'ready' or state == 'delayed' then
    held = { due = score or 0, till = math.max(score or 0, now() + HELD_MS) }
    state, score = 'delayed', held.till
  end
  local notes = { errors = errors ~= '' and errors or nil, log = log ~= '' and log or nil }
  put_in_all(queue, id, state, score, value, function()
    local more = cmsgpack.unpack(packed)
    more.m, more.o, more.d, more.h = mark, owner, held and held.due, held and held.till
    return more
  end, notes, nil)
end

-- Gives the copies of an earlier move another owner; whether there are any.
local function own_copies(queue, owner, id, mark)
  local tree, count = tree_of(queue), 0
  for _, each in ipairs(tree and tree.queues or { queue }) do
    local more = redis.call('HEXISTS', each.events, id) == 1 and more_of(each, id) or {}
    if more.m == mark then
      more.o, count = owner, count + 1
      keep_more(each, id, more)
    end
  end
  return count > 0
end

verbs.copy_in = function(from, to)
  require_memory()
  local queue, owner, replies = opened_at(ARGV[from]), ARGV[from + 1], {}
  for at = from + 2, to, 8 do
    local id, state, mark = ARGV[at], ARGV[at + 1], ARGV[at + 3]
    local is_taken = is_in_tree(queue, id)
    if is_taken then
      replies[#replies + 1] = own_copies(queue, owner, id, mark) and 2 or 0
    elseif not takes(queue, state) then
      return replies
    else
      add_copy(queue, owner, id, state, tonumber(ARGV[at + 2]), mark, ARGV[at + 4],
        ARGV[at + 5], ARGV[at + 6], ARGV[at + 7])
      replies[#replies + 1] = 1
    end
  end
  return replies
end
