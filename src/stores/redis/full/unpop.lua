-- Undoes a pop, unless its claim has ended: the event gets its old place in line.
-- KEYS    queues, of the queue: all
-- ARGV    queue leaseMs claim place token id value more errors log counted (place: empty for one of the list,
--         "LEFT" for one that was taken at the left end; value and what follows are of an event that the pop
--         removed, else empty)
-- Returns 1 if the event is in line again, or gone because it was cancelled, else 0

local function take_back_claim(queue, id, tick, token)
  local claim = claim_of(queue, id, token)
  if not claim or claim.begin ~= tick then
    return false
  end
  local more = more_of(queue, id)
  leave_claimed(queue, id, more)
  if more.G then
    keep_more(queue, id, more)
  end
  return true
end

local function take_back_removed(queue, id, from)
  if redis.call('HEXISTS', queue.events, id) == 1 then
    return false
  end
  if queue.has_completed then
    drop_completed(queue, id)
  end
  redis.call('HSET', queue.events, id, ARGV[from])
  if ARGV[from + 1] ~= '' then
    keep_more(queue, id, unpacked(ARGV[from + 1]))
  end
  for at, name in ipairs({ 'errors', 'log' }) do
    if ARGV[from + 1 + at] ~= '' then
      redis.call('HSET', queue[name], id, ARGV[from + 1 + at])
    end
  end
  list_queue(queue)
  will_join(queue, more_of(queue, id).G)
  return true
end

verbs.unpop = function(from)
  local queue, tick, id = opened_at(ARGV[from]), tonumber(ARGV[from + 2]), ARGV[from + 5]
  local is_back
  if tonumber(ARGV[from + 1]) > 0 then
    is_back = take_back_claim(queue, id, tick, ARGV[from + 4])
  else
    is_back = take_back_removed(queue, id, from + 6)
  end
  if not is_back then
    return 0
  end
  local more = more_of(queue, id)
  local place
  if ARGV[from + 3] ~= 'LEFT' then
    place = more.n and more.q or tonumber(ARGV[from + 3]) or PUSHED_LEFT + tick
  end
  local ms = math.floor(tick / TICKS_PER_MS)
  if queue.rate then
    rates.take_back_in(queue, ms)
  end
  if more.G then
    make_groups()
    groups.take_back(queue, more, ms)
  end
  if more.w and ARGV[from + 10] ~= '' then
    make_counters()
    counters.uncount(more.w, unpacked(ARGV[from + 10]))
  end
  if more.x then
    erase(queue, id, more)
  else
    if more.u then
      make_unique()
      unique.regain(queue, id, more)
      keep_more(queue, id, more)
    end
    enter_ready(queue, id, more, place)
  end
  return 1
end
