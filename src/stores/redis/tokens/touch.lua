-- Makes leases of claims with these tokens end later or earlier.
-- KEYS    timers, of the queue: claimed claims
-- ARGV    queue (id, token, leaseMs?)... (leaseMs empty: as when it was popped)
-- Returns of each 1, or 0 if that claim was not there

-- A record and a score that make the lease of a claim end so many ms from now; see full/claims.lua.
-- The tick at which it began stays: it is the event's place in line if it comes back.
local function extended(record, score, wanted)
  local token, span, lease, claimant = string.match(record, '^(%S+) (%d+) (%d+) *(.*)$')
  local begin = score - span * TICKS_PER_MS
  local ends = now() + (wanted or tonumber(lease))
  span = ends - math.floor(begin / TICKS_PER_MS)
  record = string.format('%s %.0f %s', token, span, lease) .. PADDING .. claimant
  return record, begin + span * TICKS_PER_MS, ends
end

verbs.touch = function(from, to)
  local queue, ids, replies = queue_at(ARGV[from]), {}, {}
  for at = from + 1, to, 3 do
    ids[#ids + 1] = ARGV[at]
  end
  local records, scores = records_at(queue, ids), redis.call('ZMSCORE', queue.claimed, unpack(ids))
  local noted, scored, first_end = {}, {}, math.huge
  for at, id in ipairs(ids) do
    local arguments = from + 3 * at - 2
    local is_there = scores[at] and has_token(records[at], ARGV[arguments + 1])
    if is_there then
      local record, score, ends = extended(records[at], scores[at], tonumber(ARGV[arguments + 2]))
      noted[#noted + 1], scored[#scored + 1] = id, score
      noted[#noted + 1], scored[#scored + 1] = record, id
      first_end = math.min(first_end, ends)
    end
    replies[at] = is_there and 1 or 0
  end
  if #noted > 0 then
    local changed = note_due(queue, first_end)
    if type(changed) == 'table' then
      error(changed)
    end
    redis.call('HSET', queue.claims, unpack(noted))
    redis.call('ZADD', queue.claimed, unpack(scored))
  end
  return replies
end
