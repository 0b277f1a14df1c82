-- Rates: see src/queue/rates.ts. What a rate counts is kept with its text: in "at" the times of events
-- in ms, or for one that is not exact the tenths of the window that have any, the first of which begins
-- at "from", and in "counts" how many each of them has.
-- KEYS    of the queue: rate looks
-- ARGV    (none)
-- Returns nothing by itself

-- A rate as a setting, or nil. It counts exactly up to so many.
rates.of = function(text, exact_max)
  local count, seconds = string.match(text, '^(%d+)/(.+)$')
  count = tonumber(count)
  if not count then
    return nil
  end
  return { text = text, count = count, ms = in_ms(seconds), is_exact = count <= exact_max }
end

-- After the clock was set back some times are to come. They become now, so that they hold nothing for
-- longer than the window. Returns whether there were some.
local function bring_back(rate, counted)
  local at, is_changed, last = counted.at, counted.from > now(), now()
  counted.from = math.min(counted.from, now())
  if not rate.is_exact then
    last = math.floor((now() - counted.from) * 10 / rate.ms)
  end
  for place = #at, 1, -1 do
    if at[place] <= last then
      break
    end
    at[place], is_changed = last, true
  end
  return is_changed
end

-- Returns what a rate has counted, and whether that has changed. What another rate counted is dropped.
rates.read = function(rate, packed)
  local counted = packed and unpacked(packed) or {}
  if counted.text ~= rate.text or type(counted.at) ~= 'table' or type(counted.counts) ~= 'table' then
    counted = { text = rate.text, at = {}, counts = {} }
  end
  counted.from = tonumber(counted.from) or 0
  return counted, bring_back(rate, counted)
end

-- When the events at that time or in that tenth are counted no more.
local function gone_at(rate, counted, at)
  if rate.is_exact then
    return at + rate.ms
  end
  return counted.from + math.ceil((at + 11) * rate.ms / 10)
end

-- Forgets what it counts no more.
local function forget(rate, counted)
  local first = 1
  while counted.at[first] and gone_at(rate, counted, counted.at[first]) <= now() do
    first = first + 1
  end
  if first > 1 then
    counted.at = { unpack(counted.at, first) }
    counted.counts = { unpack(counted.counts, first) }
  end
end

rates.is_empty = function(rate, counted)
  forget(rate, counted)
  return #counted.at == 0
end

-- How many events it lets go now.
rates.room = function(rate, counted)
  forget(rate, counted)
  local room = rate.count - (rate.is_exact and #counted.at or 0)
  for _, count in ipairs(counted.counts) do
    room = room - count
  end
  return math.max(0, room)
end

-- When it lets one more go, as long as it counts any.
rates.next_at = function(rate, counted)
  return gone_at(rate, counted, counted.at[1])
end

-- When it counts nothing.
rates.gone_at = function(rate, counted)
  return gone_at(rate, counted, counted.at[#counted.at])
end

-- A tick has to come before what it counts is forgotten.
local TICK_MS_MAX = 60 * 1000

-- For so long it is kept what a rate counts.
rates.kept_ms = function(rate, counted)
  return math.max(0, rates.gone_at(rate, counted) - now()) + TICK_MS_MAX
end

-- Counts an event that is handed out now.
rates.add = function(rate, counted)
  forget(rate, counted)
  local at, counts = counted.at, counted.counts
  if rate.is_exact then
    at[#at + 1] = now()
    return
  end
  if #at == 0 then
    counted.from = now()
  end
  local tenth = math.floor((now() - counted.from) * 10 / rate.ms)
  if at[#at] ~= tenth then
    at[#at + 1], counts[#at + 1] = tenth, 0
  end
  counts[#at] = counts[#at] + 1
end

-- Takes back one that was handed out then, in ms, or a bit earlier.
rates.take_back = function(rate, counted, ms)
  local at, counts = counted.at, counted.counts
  local last = rate.is_exact and ms or math.floor((ms - counted.from) * 10 / rate.ms)
  for place = #at, 1, -1 do
    if at[place] <= last then
      counts[place] = (counts[place] or 1) - 1
      if counts[place] <= 0 then
        table.remove(at, place)
        table.remove(counts, place)
      end
      return
    end
  end
end

-- What the rate of the queue counts, and in "told" how many events it let go when that was told.
local function of_queue(queue)
  if not queue.counted then
    local counted, is_changed = rates.read(queue.rate, redis.call('GET', RATE .. queue.name))
    queue.counted, queue.has_counted = counted, queue.has_counted or is_changed
  end
  return queue.counted
end

-- How many events the rate of the queue lets go.
rates.room_in = function(queue)
  return rates.room(queue.rate, of_queue(queue))
end

local function told_in(queue)
  return of_queue(queue).told or queue.rate.count
end

-- How many of them are to be told of events that have become ready.
rates.told_of = function(queue, count)
  local free, told = free_count(queue), told_in(queue)
  queue.has_counted = queue.has_counted or free > told
  return math.min(free, told) - math.min(math.max(0, free - count), told)
end

-- The queue hands out an event.
rates.add_in = function(queue)
  local told = told_in(queue)
  rates.add(queue.rate, of_queue(queue))
  queue.counted.told = math.max(0, told - 1)
  queue.has_counted = true
end

-- A pop at that time, in ms, is undone.
rates.take_back_in = function(queue, ms)
  of_queue(queue).told = told_in(queue)
  rates.take_back(queue.rate, of_queue(queue), ms)
  queue.has_counted = true
end

-- A tick looks at what more may go.
rates.look_in = function(queue)
  local counted = of_queue(queue)
  counted.told = counted.told or 0
  queue.has_counted = true
end

-- Tells what more the rate lets go since that was told.
local function tell(queue)
  local free, told, room = free_count(queue), told_in(queue), rates.room_in(queue)
  local count = math.min(free, room) - math.min(free, told)
  if count > 0 and not is_paused(queue, 'pause:out') then
    became_ready(queue, count)
  end
  of_queue(queue).told = room
  return free > room
end

-- Keeps what was counted in this batch, as long as it counts. If events wait, a tick looks when the
-- next one may go.
local function keep(queue)
  local rate, counted, name, is_waiting = queue.rate, of_queue(queue), queue.name, tell(queue)
  queue.has_counted = false
  if rates.is_empty(rate, counted) then
    redis.call('DEL', RATE .. name)
    redis.call('ZREM', LOOKS .. name, '')
    return
  end
  local ms = string.format('%.0f', rates.kept_ms(rate, counted))
  redis.call('SET', RATE .. name, cmsgpack.pack(counted), 'PX', ms)
  if is_waiting then
    local at = rates.next_at(rate, counted)
    redis.call('ZADD', LOOKS .. name, string.format('%.0f', at), '')
    will_be_due(queue, at)
  else
    redis.call('ZREM', LOOKS .. name, '')
  end
end

at_end[#at_end + 1] = function()
  for _, queue in pairs(queues_by_name) do
    if queue.groups then
      groups.settle(queue)
    end
    if queue.has_counted then
      keep(queue)
    end
    if queue.rate and redis.call('EXISTS', queue.events) == 0 and not has_beside(queue) then
      redis.call('DEL', LOOKS .. queue.name)
    end
  end
end
