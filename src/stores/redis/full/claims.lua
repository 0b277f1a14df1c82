-- Claims, and how they end. The hash "claims" has a record of each that has a token or an unusual
-- lease: "<token> <ms from its begin to its end> <lease> <claimant>", with more spaces before the
-- claimant, or "-" in place of the token and no claimant.
-- KEYS    of the queue: all
-- ARGV    (none)
-- Returns nothing by itself

local function enter_claimed(queue, id, tick, lease, token, claimant)
  local scores, records = queue.put_off.claimed, queue.put_off.records
  scores[#scores + 1] = string.format('%d', tick + lease * TICKS_PER_MS)
  scores[#scores + 1] = id
  if token or lease ~= USUAL_LEASE_MS then
    queue.has_claims = true
    local record = string.format('%s %d %d', token or '-', lease, lease)
    records[#records + 1] = id
    records[#records + 1] = token and record .. PADDING .. claimant or record
  end
  if not queue.due or now() + lease < queue.due then
    queue.due = now() + lease
    will_be_due(queue, queue.due)
  end
end

-- Reads at once what claim_of and more_of tell of many events.
local function read_claims(queue, ids)
  local scores = redis.call('ZMSCORE', queue.claimed, unpack(ids))
  local records = queue.has_claims and redis.call('HMGET', queue.claims, unpack(ids)) or {}
  queue.scores, queue.claim_records = {}, {}
  for at, id in ipairs(ids) do
    queue.scores[id], queue.claim_records[id] = scores[at] or false, records[at] or false
  end
  read_events(queue, ids, false)
  local keys = {}
  for _, id in ipairs(queue.has_groups and ids or {}) do
    local place = queue.placed[id]
    local from = place and string.find(place, '=', 9, true)
    keys[#keys + 1] = from and string.sub(place, from) or nil
  end
  if #keys > 1 then
    groups.read(queue, keys)
  end
end

-- The score and the record of an event's claim, or nil. token: behind "=", or empty for any.
local function claimed_with(queue, id, token)
  local score, record = queue.scores and queue.scores[id], queue.claim_records and queue.claim_records[id]
  if score == nil then
    score = redis.call('ZSCORE', queue.claimed, id)
    record = score and queue.has_claims and redis.call('HGET', queue.claims, id)
  end
  if not score then
    return nil
  end
  local own = token ~= '' and string.match(record or '-', '^%S*')
  if own and (own == '-' or token ~= '=' .. own) then
    return nil
  end
  return score, record or '-'
end

-- What there is to know of the claim, or nil. token: behind "=", or empty for any.
local function claim_of(queue, id, token)
  local score, record = claimed_with(queue, id, token)
  if not score then
    return nil
  end
  local own, span, lease, claimant = string.match(record, '^(%S+) ?(%d*) ?(%d*) *(.*)$')
  own, claimant = own or '-', claimant or ''
  span = tonumber(span) or USUAL_LEASE_MS
  return {
    begin = score - span * TICKS_PER_MS,
    score = tonumber(score),
    lease = tonumber(lease) or USUAL_LEASE_MS,
    token = own ~= '-' and own or nil,
    claimant = claimant,
  }
end

local function leave_claimed(queue, id, more)
  ended[queue.name] = true
  if left_out[queue.name] then
    fill_in(queue, { id })
  end
  if queue.scores then
    queue.scores[id] = false
    queue.put_off.left[#queue.put_off.left + 1] = id
  else
    redis.call('ZREM', queue.claimed, id)
    if queue.has_claims then
      redis.call('HDEL', queue.claims, id)
    end
  end
  if limit_of(queue, 'max-claimed') and not is_paused(queue, 'pause:out') and free_count(queue) > 0
    and not (queue.rate and rates.room_in(queue) == 0) then
    became_ready(queue, 1)
  end
  if more.G then
    make_groups()
    groups.leave_claimed(queue, more)
  end
end

local function note_error(queue, id, more, text)
  local packed = more.e and redis.call('HGET', queue.errors, id)
  local noted = packed and unpacked(packed) or {}
  noted.list = noted.list or {}
  noted.last = string.sub(text, 1, 4096)
  local attempt = (more.f or 0) + (more.c or 0)
  noted.list[#noted.list + 1] = { now(), attempt, string.sub(text, 1, 1024) }
  if #noted.list > 10 then
    table.remove(noted.list, 1)
  end
  more.e = 1
  redis.call('HSET', queue.errors, id, cmsgpack.pack(noted))
end

-- "1700000000.25"
local function in_seconds(ms)
  local text = string.gsub(string.format('%.3f', ms / 1000), '0+$', '')
  return (string.gsub(text, '%.$', ''))
end

local function header(name, value)
  return #name .. ':' .. name .. #value .. ':' .. value
end

-- As in the head of a value.
local function time_bytes(ms)
  local bytes = {}
  for at = 6, 1, -1 do
    bytes[at] = string.char(ms % 256)
    ms = math.floor(ms / 256)
  end
  return table.concat(bytes)
end

local fail_for_good, is_in_shard
do
  -- The block of headers without those of these names.
  local function without_headers(block, names)
    local kept, at = {}, 1
    while at <= #block do
      local first, name_length, from = at, string.match(block, '^(%d+):()', at)
      local name = string.sub(block, from, from + name_length - 1)
      local value_length, value_from = string.match(block, '^(%d+):()', from + name_length)
      at = value_from + value_length
      kept[#kept + 1] = not names[name] and string.sub(block, first, at - 1) or nil
    end
    return table.concat(kept)
  end

  -- The value that an event has in another queue, with these headers. It may have come from one
  -- before.
  local function moved_value(value, added)
    local length, from = head_of(value)
    local block, names = from and string.sub(value, from, length) or '', {}
    for _, each in ipairs(added) do
      names[each[1]] = true
    end
    block = without_headers(block, names)
    for _, each in ipairs(added) do
      block = block .. header(each[1], each[2])
    end
    return '\2' .. time_bytes(now()) .. #block .. ':' .. block .. string.sub(value, length + 1)
  end

  -- Moves an event that has failed to the left end of another queue.
  local function move_to(target, queue, id, more)
    local packed = redis.call('HGET', queue.errors, id)
    local noted, value = unpacked(packed), redis.call('HGET', queue.events, id)
    local headers = {
      { 'okq-from', queue.name },
      { 'okq-error', noted.last or '' },
      { 'okq-attempts', tostring((more.f or 0) + (more.c or 0)) },
      { 'okq-failed-at', in_seconds(now()) },
    }
    erase(queue, id, more)
    if is_in_tree(target, id) then
      headers[#headers + 1] = { 'okq-id', id }
      id = new_id(target)
    end
    make_room(target, 1)
    value = moved_value(value, headers)
    local from = { from = queue.name }
    each_keeper(target, id, from, function(each, is_copy)
      if redis.call('ZSCORE', each.completed, id) then
        drop_completed(each, id)
      end
      list_queue(each)
      redis.call('HSET', each.events, id, value)
      redis.call('HSET', each.errors, id, packed)
      local kept = { a = more.a, b = more.b, l = more.l, e = 1, n = more.n, G = more.G }
      kept.w = not is_copy and more.w or nil
      keep_more(each, id, kept)
      will_join(each, kept.G)
      enter_ready(each, id, kept, nil)
      if report and not is_copy then
        report('pushed', each, id, from)
      end
    end)
  end

  -- Whether that queue takes one more, which is not from its own tree.
  local function takes_failed(target, queue)
    local tree = tree_of(target)
    return not (tree and tree.has[queue.name]) and not paused_one(target) and not full_one(target, 1, 1)
  end

  -- Whether a queue of that name is in the shard of this batch: see shards.ts.
  is_in_shard = function(name)
    local shard = tonumber(ARGV[7])
    if not shard then
      return true
    end
    local part = string.match(name, '{([^}]+)}') or string.match(name, '^[^@]*')
    local crc = -1
    for at = 1, #part do
      crc = bit.bxor(crc, string.byte(part, at))
      for _ = 1, 8 do
        crc = bit.bxor(bit.rshift(crc, 1), bit.band(0xedb88320, -bit.band(crc, 1)))
      end
    end
    return bit.band(bit.bnot(crc), SHARDS - 1) == shard
  end

  -- The queue to which failed events of this one move, or nil: see failedToOf in settings.ts.
  local function failed_to(queue)
    local name = setting(queue, 'failed-to')
    if not name or name == '' or name == queue.name or all_settings['failed-to'] == queue.name then
      return nil
    end
    return is_in_shard(name) and name or nil
  end

  -- It has failed here, or moves to the queue for such events. Its last error is noted.
  fail_for_good = function(queue, id, more)
    local name = failed_to(queue)
    local target = name and queue_named(name)
    -- Where one of its keys has the wrong type, the event stays.
    local ok, takes = pcall(function()
      return target and takes_failed(open(target), queue)
    end)
    if ok and takes then
      move_to(target, queue, id, more)
    else
      release_key(queue, id, more)
      keep_more(queue, id, more)
      redis.call('ZADD', queue.failed, take_ticks(1), id)
      ended[queue.name] = true
      trim(queue, 'failed', '')
    end
    return 'failed'
  end
end

local function is_last_attempt(queue, more)
  local most = more.a or tonumber(setting(queue, 'max-attempts')) or 0
  return most > 0 and (more.f or 0) + (more.c or 0) >= most
end

-- What a report tells of a claim that has ended; text: why it failed, or nil.
local function claim_facts(claim, more, text, is_final)
  return {
    worker = string.match(claim.claimant, '^%S* %S* (.+)$'),
    attempt = (more.f or 0) + (more.c or 0),
    error = text and string.sub(text, 1, 1024),
    final = is_final or nil,
  }
end

-- next: BACKOFF, FINAL or a time as time_of takes it.
local function fail_claim(queue, id, claim, text, next_try)
  local more = more_of(queue, id)
  leave_claimed(queue, id, more)
  if more.x then
    erase(queue, id, more)
    return 'removed'
  end
  more.f = (more.f or 0) + 1
  note_error(queue, id, more, text)
  local is_last = next_try == 'FINAL' or is_last_attempt(queue, more)
  if report then
    report('failed', queue, id, claim_facts(claim, more, text, is_last))
  end
  if is_last then
    return fail_for_good(queue, id, more)
  end
  local wait = next_try == 'BACKOFF'
    and backoff_of(more.b or setting(queue, 'backoff') or 'exponential 1 600', more.f)
  local due = wait and now() + wait or time_of(next_try)
  return return_waiting(queue, id, more, due, claim.begin)
end

-- A claim has crashed. Counts that, and returns whether it was the last attempt.
local function count_crash(queue, id, claim, more)
  more.c = (more.c or 0) + 1
  tally(queue, 'crashes')
  local worker = string.match(claim.claimant, '^%S* %S* (.+)$')
  local text = 'crashed: the lease ' .. (worker and 'of ' .. worker .. ' ' or '') .. 'ended'
  note_error(queue, id, more, text)
  local most = limit_of(queue, 'max-crashes')
  local is_last = is_last_attempt(queue, more) or most and more.c >= most
  if report then
    report('crashed', queue, id, claim_facts(claim, more, nil, is_last))
    if is_last then
      report('failed', queue, id, claim_facts(claim, more, text, true))
    end
  end
  return is_last
end

local function crash_claim(queue, id, claim)
  local more = more_of(queue, id)
  leave_claimed(queue, id, more)
  if more.x then
    erase(queue, id, more)
  elseif count_crash(queue, id, claim, more) then
    tally(queue, 'failed')
    fail_for_good(queue, id, more)
  else
    local wait = backoff_of(setting(queue, 'crash-backoff') or 'none', more.c)
    return_waiting(queue, id, more, now() + wait, claim.begin)
  end
end

-- A claim ends, and counts nothing. due: see enter_waiting.
local function redo_claim(queue, id, due)
  local more = more_of(queue, id)
  leave_claimed(queue, id, more)
  if more.x then
    erase(queue, id, more)
    return 'removed'
  end
  return return_waiting(queue, id, more, due, -take_ticks(1))
end

-- An event with that record is acknowledged. Returns what undoes its count, or nil.
local function count_part(more)
  if more.w then
    make_counters()
    local _, undo = counters.count(more.w)
    return undo
  end
end

-- Why these members may not be acknowledged in one step: -1 or -2, and the name of a queue that refuses the
-- event of a counter; nil if they may be. left: see full_one.
local function refusal_of(queue, parts, left)
  if #parts > 0 and not queue.is_judged then
    make_counters()
    return counters.refusal(parts, left)
  end
end

-- What a verb answers whose last reply is a refusal: okq makes the calls behind it in another batch.
local function end_refused(replies)
  is_refused = true
  if reply_bytes >= 0 then
    reply_bytes = REPLY_BYTES_MAX
  end
  return replies
end

-- The event is gone, or completed. One with a result for which there is no memory is gone.
local function end_claim(queue, id, more, result)
  count_part(more)
  leave_claimed(queue, id, more)
  local count = kept_of(queue, 'keep-completed', '0')
  if count == 0 or result and lacks_memory() then
    return erase(queue, id, more)
  end
  redis.call('HSET', queue.done, id, redis.call('HGET', queue.events, id))
  redis.call('HDEL', queue.events, id)
  release_key(queue, id, more)
  more.r, more.x, more.u, more.w = result, nil, nil, nil
  keep_more(queue, id, more)
  queue.has_completed = true
  redis.call('ZADD', queue.completed, take_ticks(1), id)
  trim(queue, 'completed', '0')
end

-- The TTL of a waiting event has ended; it has left the line.
local function expire(queue, id, more)
  tally(queue, 'expired')
  local is_last = setting(queue, 'on-expire') == 'fail'
  if report then
    report('expired', queue, id, { final = is_last or nil })
    if is_last then
      report('failed', queue, id, { error = 'expired', final = true })
    end
  end
  if not is_last then
    return erase(queue, id, more)
  end
  tally(queue, 'failed')
  note_error(queue, id, more, 'expired')
  fail_for_good(queue, id, more)
end
