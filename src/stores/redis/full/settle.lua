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

verbs.settle = function(from, to)
  local queue, owner, count = opened_at(ARGV[from]), ARGV[from + 1], 0
  for at = from + 2, to, 3 do
    local id = ARGV[at]
    local state, score = state_of(queue, id)
    local more = more_of(queue, id)
    -- Another event may have the id by now.
    local is_copy = state and more.m == ARGV[at + 1]
    count = count + (is_copy and 1 or 0)
    if is_copy and ARGV[at + 2] == 'KEEP' then
      keep_copy(queue, id, state, score, more)
    elseif is_copy and more.o == owner and state ~= 'claimed' then
      drop(queue, id, state)
    end
  end
  return count
end
