-- Makes leases end later or earlier, and notes how far the work is, if there is memory for that.
-- KEYS    timers, of the queue: all
-- ARGV    queue (id, token, leaseMs?, progress, log)... (leaseMs empty: as when it was popped; the
--         last two behind "=", or empty)
-- Returns of each 1, or 2 if it was cancelled, or 0 if that claim was not there

local LOG_LINES_MAX = 100

local function add_line(queue, id, line)
  local packed = redis.call('HGET', queue.log, id)
  local lines = packed and unpacked(packed) or {}
  lines[#lines + 1] = line
  if #lines > LOG_LINES_MAX then
    table.remove(lines, 1)
  end
  redis.call('HSET', queue.log, id, cmsgpack.pack(lines))
end

-- Keeps the tick at which the claim began: it is the event's place in line if it comes back.
local function extend(queue, id, claim, wanted)
  local ends = now() + (wanted or claim.lease)
  local span = ends - math.floor(claim.begin / TICKS_PER_MS)
  local record = string.format('%s %.0f %.0f', claim.token or '-', span, claim.lease)
  queue.has_claims = true
  record = claim.token and record .. PADDING .. claim.claimant or record
  redis.call('HSET', queue.claims, id, record)
  redis.call('ZADD', queue.claimed, claim.begin + span * TICKS_PER_MS, id)
  will_be_due(queue, ends)
end

local function touch_one(queue, id, claim, at)
  extend(queue, id, claim, tonumber(ARGV[at + 2]))
  local progress, line = given(ARGV[at + 3]), given(ARGV[at + 4])
  local more = more_of(queue, id)
  if (progress or line) and not lacks_memory() then
    more.p = progress or more.p
    if line then
      more.g = 1
      add_line(queue, id, line)
    end
    keep_more(queue, id, more)
  end
  return more.x and 2 or 1
end

verbs.touch = function(from, to)
  local queue, replies = opened_at(ARGV[from]), {}
  for at = from + 1, to, 5 do
    local claim = claim_of(queue, ARGV[at], ARGV[at + 1])
    replies[#replies + 1] = claim and touch_one(queue, ARGV[at], claim, at) or 0
  end
  return replies
end
