-- Takes the events that are next out, for one pop after the other: claims them, or with a lease of 0
-- removes them.
-- KEYS    timers, of the queue: all
-- ARGV    queue (leaseMs?, claimant)... (leaseMs empty: that of the event or its queue; claimant
--         empty: a claim without token)
-- Returns of each pop what popped_one answers. They are fewer than the pops when the reply is long
--         enough, behind many ghosts, and behind a refusal, which ends the batch

-- What a claim does not keep: see unpop.lua.
local function kept_of_removed(queue, id, more)
  if next(more) == nil then
    return false
  end
  return {
    cmsgpack.pack(more),
    more.e and redis.call('HGET', queue.errors, id) or false,
    more.g and redis.call('HGET', queue.log, id) or false,
    false,
  }
end

-- The event goes back to its place. score: in front of the list.
local function return_to_line(queue, id, more, score, is_left)
  local listed = not is_left and PUSHED_LEFT + take_ticks(1) or nil
  enter_line(queue, id, more, more.n and more.q or score or listed)
  will_expire(queue, id, more)
end

-- A pop without a claim is refused: its event goes back. The other groups have their turns first.
local function put_back(queue, id, more, score, is_left)
  if queue.has_groups and not is_left then
    groups.end_turn(queue, false)
    if more.G then
      groups.take_back(queue, more, now())
    end
  end
  return_to_line(queue, id, more, score, is_left)
end

-- The size of a value that okq fetches itself, because passing it through Lua would take longer.
local function fetched_bytes(queue, id, lease)
  local bytes = lease >= FETCHED_LEASE_MS_MIN and redis.call('HSTRLEN', queue.events, id) or 0
  return bytes >= FETCHED_BYTES_MIN and bytes
end

-- So many expired events of a queue are moved by the pops of a batch. More would hold up Redis for
-- seconds: then a pop finds nothing, and the next one or a tick goes on.
local EXPIRED_AT_ONCE = 500

-- Reads an event that has left the list together with those that follow, if they are small.
local function read_with_next(queue, id)
  local ids = right_end(queue, POP_SLICE - 1)
  ids[#ids + 1] = id
  read_small_events(queue, ids)
  queue.reads_ahead = queue.values[id] ~= nil
end

-- The next event that may be handed out, and its place and rare facts. Those that expired are not.
local function next_out(queue, is_left)
  queue.expired = queue.expired or 0
  while queue.expired < EXPIRED_AT_ONCE do
    local id, score = (is_left and take_last or take_first)(queue)
    if not id then
      return nil
    end
    if queue.reads_ahead and not (queue.values and queue.values[id]) then
      read_with_next(queue, id)
    end
    local more = more_of(queue, id)
    if is_left and queue.has_groups then
      groups.note_dropped(queue, more)
    end
    local expiry = expiry_of(queue, id, more)
    local is_read = queue.values and queue.values[id]
    if not is_read and redis.call('HEXISTS', queue.events, id) == 0 then
      -- Somebody deleted the contents: there is no event to hand out.
      release_key(queue, id, more)
      shrank(queue)
    elseif expiry and expiry <= now() then
      queue.expired = queue.expired + 1
      expire(queue, id, more)
    else
      return id, score, more
    end
  end
  tell_ready(queue, 1)
  return nil
end

local function claim_count(queue)
  return redis.call('ZCARD', queue.claimed) + #queue.put_off.claimed / 2
end

-- Whether nothing is handed out now.
local function is_held_back(queue, wanted, claimant)
  local most = limit_of(queue, 'max-claimed')
  return most and wanted ~= 0 and claim_count(queue) >= most
    or is_paused(queue, 'pause:out')
    or claimant and is_worker_paused(queue, claimant)
    or queue.rate and rates.room_in(queue) == 0
end

-- The event is removed. kept: what unpop needs of it, or false.
local function let_go(queue, id, more, kept)
  local undo = count_part(more)
  if undo then
    kept[4] = cmsgpack.pack(undo)
  end
  erase(queue, id, more)
end

-- It was the turn of the event.
local function note_turn(queue, more, is_claimed, is_left)
  if queue.has_groups and is_left then
    groups.give_turn(queue, more, is_claimed)
  elseif queue.has_groups then
    groups.end_turn(queue, is_claimed)
  end
  if queue.rate then
    rates.add_in(queue)
  end
end

-- { id, value (nil: large, to be fetched while it is claimed), tick of the claim, its lease, score in
-- front of the list or nil, token or nil, attempt, what was kept of a removed one or nil }; or nil;
-- or a refusal as refusal_of answers it
-- From the left end: the score is "LEFT", and there is no claim. judge: tells of an event without a claim
-- if it is refused, in the place of refusal_of.
local function popped_one(queue, wanted, claimant, may_leave_out, is_left, judge)
  if is_held_back(queue, wanted, claimant) then
    return false
  end
  local id, score, more = next_out(queue, is_left)
  if not id then
    return false
  end
  local lease = wanted or more.l or duration_of(queue, 'lease') or USUAL_LEASE_MS
  if lease == 0 and more.w then
    write_put_off(queue)
  end
  local refusal = lease == 0 and (judge or refusal_of)(queue, { more.w }, queue)
  if refusal then
    (judge and return_to_line or put_back)(queue, id, more, score, is_left)
    return refusal
  end
  local tick, attempt = take_ticks(1), 1 + (more.f or 0) + (more.c or 0)
  local popped = { id, false, tick, lease, is_left and 'LEFT' or score or false, false, attempt, false }
  local value = queue.values and queue.values[id]
  local bytes = not value and may_leave_out and fetched_bytes(queue, id, lease)
  if bytes then
    leave_out(queue, id, popped, 2)
  else
    popped[2] = value or redis.call('HGET', queue.events, id)
  end
  reply_bytes = reply_bytes + (bytes or #popped[2])
  if lease == 0 then
    popped[8] = kept_of_removed(queue, id, more)
    let_go(queue, id, more, popped[8])
  else
    popped[6] = claimant and made() or false
    enter_claimed(queue, id, tick, lease, popped[6], claimant)
    if more.u then
      make_unique()
      unique.claim(queue, id, more)
    end
  end
  note_turn(queue, more, lease ~= 0, is_left)
  return popped
end

-- To be called before pops: about how many will follow.
local function begin_pops(queue, count)
  if queue.has_groups then
    groups.begin_pops(queue, count)
  end
  if queue.has_ranked then
    ranked.begin_pops(queue, count)
  end
end

verbs.pop = function(from, to)
  local queue, replies, not_made, is_over = opened_at(ARGV[from]), {}, nil, false
  putting_off(queue, function()
    begin_pops(queue, (to - from) / 2)
    for at = from + 1, to, 2 do
      if reply_bytes >= REPLY_BYTES_MAX then
        break
      end
      local claimant = ARGV[at + 1] ~= '' and ARGV[at + 1]
      local popped = popped_one(queue, tonumber(ARGV[at]), claimant, true)
      if not popped and queue.is_behind then
        not_made = again()
        break
      end
      replies[#replies + 1] = popped
      is_over = popped and type(popped[1]) == 'number'
      if is_over then
        break
      end
    end
  end)
  if is_over then
    return end_refused(replies)
  end
  return #replies == 0 and not_made or replies
end
