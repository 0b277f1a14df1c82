-- Takes up to count events that are next out; claims them, or with a lease of 0 removes them.
-- KEYS    of the queue: (those of taking.lua)
-- ARGV    queue leaseMs count
-- Returns claim (the tick of the first one, those of the others follow) places (of the events
--         that were in front of the list, they come first), then id contents? (nil: large, to be
--         fetched while the event is claimed) for every event, or an empty list. They are fewer
--         than count when the queue ran out or when the batch's reply is long enough, which then
--         ends here

-- Of claims without a token; see full/claims.lua.
local function records_of(ids, lease)
  local records, record = {}, '- ' .. lease .. ' ' .. lease
  for _, id in ipairs(ids) do
    records[#records + 1] = id
    records[#records + 1] = record
  end
  return records
end

verbs.pop = function(from)
  local queue, lease, popped = queue_at(ARGV[from]), tonumber(ARGV[from + 1]), { '', '' }
  local ids, places = take(queue, tonumber(ARGV[from + 2]), lease, popped)
  if #ids == 0 then
    return {}
  end
  popped[2] = places
  if lease == 0 then
    popped[1] = take_ticks(#ids)
  elseif lease == USUAL_LEASE_MS then
    popped[1] = claim(queue, ids, places, lease, nil)
  else
    popped[1] = claim(queue, ids, places, lease, records_of(ids, ARGV[from + 1]))
  end
  return popped
end
