-- Counts what happens to queues: totals in "stats", and the last minute in slots of some seconds,
-- which are gone by themselves.
-- KEYS    of the queue: stats recent history
-- ARGV    (none)
-- Returns nothing by itself

local SLOT_MS = 5000
local SLOTS = 12

local function slot_key(queue, slot)
  return string.format('%s%.0f:', RECENT, slot) .. queue.name
end

-- counts: numbers by field.
local function add_counts(queue, counts)
  local key = slot_key(queue, math.floor(now() / SLOT_MS))
  for field, number in pairs(counts) do
    redis.call('HINCRBY', STATS .. queue.name, field, number)
    redis.call('HINCRBY', key, field, number)
  end
  redis.call('PEXPIRE', key, SLOT_MS * (SLOTS + 1))
end

-- As add_counts, for the history. It may fail.
local function add_to_history(queue, counts)
  make_history()
  if history.has_some(counts) then
    history.add(queue, counts)
  end
end

local counted = {}

-- To be called for what okq cannot count by the result of an operation.
local function tally(queue, what)
  if not next(counted) then
    at_end[#at_end + 1] = function()
      for each, counts in pairs(counted) do
        if redis.call('ZSCORE', queues_key, each.name) then
          add_counts(each, counts)
          pcall(add_to_history, each, counts)
        end
      end
    end
  end
  counted[queue] = counted[queue] or {}
  counted[queue][what] = (counted[queue][what] or 0) + 1
end
