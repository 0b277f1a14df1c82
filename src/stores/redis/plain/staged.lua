-- Contents that a transaction has added to the hashes of events before the batch: see stage.lua.
-- KEYS    of the queue: events staged
-- ARGV    as in batch.lua
-- Returns nothing by itself, but ends the batch if they were not added

-- Removes the contents of events that were not pushed; nil in other batches.
local end_staged

if ARGV[3] == 'STAGED' then
  -- Gives the hashes their names back, and notes which contents were added. Returns false, with
  -- nothing changed, if they were not added (see stage.lua).
  local function begin_staged()
    local at = FIRST_CALL
    while at <= #ARGV do
      local values = tonumber(ARGV[at + 1])
      local from = values < 0 and at + 3 or at + 2
      values = math.abs(values)
      if ARGV[at] == 'push' and ARGV[from + 2] == 'STAGED' then
        local queue = queue_at(ARGV[from])
        staged[queue.name] = staged[queue.name] or {}
        for id = from + 3, at + values - 1, 2 do
          staged[queue.name][ARGV[id]] = true
        end
      end
      at = at + values
    end
    local are_added = true
    for name in pairs(staged) do
      are_added = are_added and redis.call('EXISTS', EVENTS .. name) == 0
    end
    for name in pairs(staged) do
      -- Without the right to rename the other script could not either.
      are_added = are_added and not redis.pcall('RENAME', STAGED .. name, EVENTS .. name).err
      if not are_added then
        redis.call('DEL', STAGED .. name)
      end
    end
    return are_added
  end

  end_staged = function()
    for name, ids in pairs(staged) do
      for id in pairs(ids) do
        redis.pcall('HDEL', EVENTS .. name, id)
        shrank(queue_named(name))
      end
    end
  end

  if not begin_staged() then
    return { ok = 'NOT STAGED' }
  end
  at_end[#at_end + 1] = end_staged
end
