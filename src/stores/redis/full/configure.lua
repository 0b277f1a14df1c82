-- Gives a queue, or all queues, settings.
-- KEYS    settings queues timers sweep, of the queue: all
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

verbs.configure = function(from, to)
  local queue = ARGV[from] ~= 'ALL' and opened_at(ARGV[from])
  local key, may_hand_out, reviewed = SETTINGS, false, {}
  for at = from + 1, to, 2 do
    local value = given(ARGV[at + 1])
    may_hand_out = may_hand_out or ARGV[at] == 'max-claimed' or ARGV[at] == 'rate'
    local review = REVIEWED[ARGV[at]]
    if review then
      reviewed[review] = true
    end
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
  trees = {}
  if queue then
    look_again(queue, reviewed, may_hand_out)
  else
    all_settings = by_name(redis.call('HGETALL', SETTINGS))
    for _, each in pairs(queues_by_name) do
      each.numbers = {}
      if each.is_open then
        pcall(read_again, each)
      end
    end
    if may_hand_out or next(reviewed) then
      look_at_all(reviewed, may_hand_out)
    end
  end
  return 1
end
