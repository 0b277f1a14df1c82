-- Gives a queue, or all queues, settings.
-- KEYS    settings queues timers, of the queue: config
-- ARGV    queue|ALL (name, value)... (value behind "=", or empty to take the setting back)
-- Returns 1 if it was done, or 0 if failed-to would lead back or over too many queues

local CHAIN_MAX = 16

local function is_cycle(from, to)
  local name = to
  for _ = 1, CHAIN_MAX do
    if name == from then
      return true
    end
    name = redis.call('HGET', CONFIG .. name, 'failed-to')
    if not name or name == '' then
      return false
    end
  end
  return true
end

-- What is to be done after these settings have changed: see tick.lua.
local REVIEWED = {
  ttl = 'cursor', ['max-length'] = 'surplus', ['on-full'] = 'surplus',
  ['keep-completed'] = 'surplus', ['keep-failed'] = 'surplus',
}

-- What may be due or ready by other settings.
local function look_again(queue, names, may_hand_out)
  queue.config, queue.is_open = nil, false
  open(queue)
  if redis.call('EXISTS', queue.events, queue.completed) > 0 then
    will_be_due(queue, now())
    for _, name in ipairs(names) do
      if REVIEWED[name] then
        redis.call('HSET', REVIEW .. queue.name, REVIEWED[name], '0')
      end
    end
  end
  if may_hand_out then
    tell_ready(queue, ready_count(queue))
  end
end

verbs.configure = function(from, to)
  local queue = ARGV[from] ~= 'ALL' and opened_at(ARGV[from])
  local key, may_hand_out, names = SETTINGS, false, {}
  for at = from + 1, to, 2 do
    local value = given(ARGV[at + 1])
    may_hand_out = may_hand_out or ARGV[at] == 'max-claimed'
    names[#names + 1] = ARGV[at]
    local leads_on = queue and ARGV[at] == 'failed-to' and value and value ~= ''
    if leads_on and is_cycle(queue.name, value) then
      return 0
    end
  end
  if queue then
    key = CONFIG .. queue.name
    list_queue(queue)
    shrank(queue)
  end
  for at = from + 1, to, 2 do
    local value = given(ARGV[at + 1])
    if value then
      redis.call('HSET', key, ARGV[at], value)
    else
      redis.call('HDEL', key, ARGV[at])
    end
  end
  all_settings = nil
  if queue then
    look_again(queue, names, may_hand_out)
  else
    for _, name in ipairs(redis.call('ZRANGE', queues_key, 0, -1)) do
      pcall(look_again, queue_named(name), names, may_hand_out)
    end
  end
  return 1
end
