-- All that is known of an event, and its version, which differs whenever it changed its state.
-- KEYS    of the queue: all
-- ARGV    (none)
-- Returns nothing by itself

local function version_of(state, score, value, more)
  local is_listed = not score or state == 'ready' and was_listed(score)
  local place = is_listed and 0 or tonumber(score)
  local name, number = string.sub(state, 1, 2), string.byte(value) or 0
  local pushed, since = pushed_at(value), more.v or 0
  return string.format('%s-%.0f-%.0f-%d-%.0f', name, place, pushed, number, since)
end

-- Whether the event still has that version; "" is any.
local function is_version(queue, id, state, score, version)
  if version == '' then
    return true
  end
  local value = redis.call('HGET', state == 'completed' and queue.done or queue.events, id)
  return value and version_of(state, score, value, more_of(queue, id)) == version
end

-- When it is due, its lease ends, or since when it is so, in ms; false for a ready one.
local function at_ms(state, score)
  if state == 'ready' then
    return false
  elseif state == 'delayed' then
    return tonumber(score)
  end
  return math.floor(score / TICKS_PER_MS)
end

local function packed_at(queue, key, has, id)
  local packed = has and redis.call('HGET', queue[key], id)
  return packed and unpacked(packed)
end

-- { id, state, value, time, version, failures, crashes, then of the event, each false if there is
-- none: limit of attempts, backoff, lease in ms, when it expires, claimant, since when it is claimed,
-- 1 if it was cancelled, last error, progress, result, errors (time, attempt, text ...), log, key,
-- priority, group }
-- Without its contents, errors and log unless is_whole. Returns also how long the value is.
local function facts_of(queue, id, state, score, is_whole)
  local value = redis.call('HGET', state == 'completed' and queue.done or queue.events, id)
  if not value then
    return false
  end
  local more, length, errors, log = more_of(queue, id), #value, {}, {}
  local noted = packed_at(queue, 'errors', more.e, id)
  if is_whole then
    for _, each in ipairs(noted and noted.list or {}) do
      errors[#errors + 1], errors[#errors + 2], errors[#errors + 3] = each[1], each[2], each[3]
    end
    log = packed_at(queue, 'log', more.g, id) or log
  end
  local claim = state == 'claimed' and claim_of(queue, id, '') or {}
  local since = claim.token and math.floor(claim.begin / TICKS_PER_MS) or false
  local is_over = state == 'failed' or state == 'completed'
  local expiry = not is_over and expiry_of(queue, id, more)
  local version = version_of(state, score, value, more)
  if not is_whole then
    value = string.sub(value, 1, (head_of(value)))
  end
  reply_bytes = reply_bytes + #value
  return {
    id, state, value, at_ms(state, score), version, more.f or 0, more.c or 0,
    more.a or limit_of(queue, 'max-attempts') or false, more.b or false, more.l or false, expiry or false,
    claim.token and claim.claimant or false, since,
    more.x or false, noted and noted.last or false, more.p or false, more.r or false, errors, log,
    more.u and string.sub(more.u, 2) or false, more.n or 0, more.G or false,
  }, length
end
