-- What a transaction asks of each of its queues before it begins, on any queue.
-- KEYS    of the queue: all
-- ARGV    (none)
-- Returns nothing by itself

-- Opens the queue. pushed: by queue how many events the pushes so far add. Returns -1 (full) or -2
-- (paused) if the queue takes no more, or what again() returns, or nil.
local function prepare(queue, count, pushed)
  open(queue)
  if queue.has_ghosts and not last_listed(queue) and queue.is_behind then
    return again()
  elseif count == 0 then
    return nil
  elseif is_paused(queue, 'in') then
    return -2
  end
  pushed[queue] = (pushed[queue] or 0) + count
  local is_dropping = setting(queue, 'on-full') == 'drop-oldest'
  if not has_room(queue, is_dropping and count or pushed[queue]) then
    return -1
  end
end
