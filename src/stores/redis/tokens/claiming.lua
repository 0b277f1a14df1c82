-- Claims with tokens.
-- KEYS    timers counter, of the queue: ready claimed events front claims
-- ARGV    (none)
-- Returns nothing by itself

-- What begins the list that a pop returns: see pop-with-tokens.lua.
local function new_popped()
  return { 0, {}, 0, 0, 0 }
end

-- The records of claims, see full/claims.lua. Their consumers stand in ARGV, one for each, or one.
local function records_of_claims(ids, lease, number, step, from, is_one)
  local records, span_and_lease = {}, ' ' .. lease .. ' ' .. lease .. PADDING
  for at, id in ipairs(ids) do
    local token = made_text(number + (at - 1) * step)
    records[2 * at - 1] = id
    records[2 * at] = token .. span_and_lease .. ARGV[is_one and from or from + at - 1]
  end
  return records
end

-- Claims events that were added to popped, or with a lease of 0 lets them go. Notes there the first
-- tick and token.
local function claim_popped(queue, ids, places, lease, popped, from, is_one)
  for _, place in ipairs(places) do
    popped[2][#popped[2] + 1] = place
  end
  local tick
  if lease == '0' then
    tick = take_ticks(#ids)
  else
    local number, step = take_numbers(#ids)
    local records = records_of_claims(ids, lease, number, step, from, is_one)
    tick = claim(queue, ids, places, tonumber(lease), records)
    if popped[3] == 0 then
      popped[3], popped[4], popped[5] = made_ms, number, step
    end
  end
  popped[1] = popped[1] == 0 and tick or popped[1]
end

local function check_keys(queue)
  redis.call('LLEN', queue.ready)
  redis.call('HLEN', queue.events)
  redis.call('HLEN', queue.claims)
  for _, key in ipairs({ timers_key, queue.claimed, queue.front }) do
    redis.call('ZCARD', key)
  end
end

-- False where a key has the wrong type. To be asked before more is popped: an error would lose what
-- was popped already. The next pop fails.
local function may_pop_more(queue)
  return (pcall(check_keys, queue))
end
