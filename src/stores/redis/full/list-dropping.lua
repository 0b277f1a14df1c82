-- How events leave any place of the line for good.
-- KEYS    of the queue: all
-- ARGV    (none)
-- Returns nothing by itself

-- Removes ready events which have left the list already, if they stood there.
local function drop_ready(queue, ids)
  putting_off(queue, function()
    for first = 1, #ids, READ_AT_ONCE do
      local some = { unpack(ids, first, math.min(#ids, first + READ_AT_ONCE - 1)) }
      read_events(queue, some, false)
      for _, id in ipairs(some) do
        local more = more_of(queue, id)
        if queue.has_expires then
          redis.call('ZREM', queue.expires, id)
        end
        leave_other(queue, id, more)
        erase(queue, id, more)
      end
    end
  end)
end
