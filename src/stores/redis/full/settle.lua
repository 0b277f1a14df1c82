-- Keeps copies whose events are gone from the other shard, as what these were, or drops those that
-- their owner has added.
-- KEYS    of the queue: all
-- ARGV    queue owner (id, mark, KEEP|DROP)...
-- Returns how many of them are copies

local function keep_copy(queue, id, state, score, more)
  local is_held, due = state == 'delayed' and tonumber(score) == more.h, more.d
  more.m, more.o, more.h, more.d = nil, nil, nil, nil
  keep_more(queue, id, more)
  if is_held then
    leave_waiting(queue, id, state, more)
    enter_waiting(queue, id, more, due, nil)
  end
end

-- Returns whether it is a copy: another event may have the id by now.
local function settle_one(queue, owner, id, mark, is_kept)
  local state, score = state_of(queue, id)
  local more = more_of(queue, id)
  local is_copy = state and more.m == mark
  if is_copy and is_kept then
    keep_copy(queue, id, state, score, more)
  elseif is_copy and more.o == owner and state ~= 'claimed' then
    drop(queue, id, state)
  end
  return is_copy
end

verbs.settle = function(from, to)
  local queue, owner, count = opened_at(ARGV[from]), ARGV[from + 1], 0
  local tree = tree_of(queue)
  for _, each in ipairs(tree and tree.queues or { queue }) do
    for at = from + 2, to, 3 do
      local is_copy = settle_one(each, owner, ARGV[at], ARGV[at + 1], ARGV[at + 2] == 'KEEP')
      count = count + (is_copy and 1 or 0)
    end
  end
  return count
end
