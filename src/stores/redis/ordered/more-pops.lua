-- Whether more of a batch may be popped, as in tokens/claiming.lua: a queue with priorities or groups has
-- more keys.
-- KEYS    of the queue: all
-- ARGV    (none)
-- Returns nothing by itself

local may_pop_more_listed = may_pop_more

local function may_pop_more(queue)
  return may_pop_more_listed(queue) and (not are_ordered[queue.name] or (pcall(open, queue)))
end
