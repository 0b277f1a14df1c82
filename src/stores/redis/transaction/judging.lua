-- What a transaction asks of each of its queues before it begins, on any queue.
-- KEYS    of the queue: all
-- ARGV    (none)
-- Returns nothing by itself

-- Opens the queue. count: how many events a push adds, or nil if there is none. pushed: by queue how
-- many the pushes so far add. Returns -1 (full) or -2 (paused) and the queue if it takes no more, or
-- one of its tree; or what again() returns; or nil.
local function prepare(queue, count, pushed)
  open(queue)
  if queue.has_ghosts and not last_listed(queue) and queue.is_behind then
    return again()
  elseif not count then
    return nil
  end
  local paused, tree = paused_one(queue), tree_of(queue)
  if paused then
    return -2, paused
  end
  for _, each in ipairs(tree and tree.keepers or { queue }) do
    pushed[each] = (pushed[each] or 0) + count
    local is_dropping = setting(each, 'on-full') == 'drop-oldest'
    if not has_room(each, is_dropping and count or pushed[each]) then
      return -1, each
    end
  end
end
