-- Changes a ready, delayed or failed event.
-- KEYS    of the queue: all
-- ARGV    queue id contents? start ttlMs? priority? (name, value)... (contents behind "=", start as
--         time_of takes it; empty: as it was)
-- Returns 1, or 0 if it is not there as such

-- The block of headers in which these are set.
local function with_headers(block, first, last)
  local names, values = {}, {}
  local function add(name, value)
    if not values[name] then
      names[#names + 1] = name
    end
    values[name] = value
  end
  local at = 1
  local function part()
    local length, from = string.match(block, '^(%d+):()', at)
    at = from + length
    return string.sub(block, from, at - 1)
  end
  while at <= #block do
    local name = part()
    add(name, part())
  end
  for each = first, last, 2 do
    add(ARGV[each], ARGV[each + 1])
  end
  for each, name in ipairs(names) do
    names[each] = header(name, values[name])
  end
  return table.concat(names)
end

-- It has another number: its version is another one.
local function changed_value(value, contents, first, last)
  local length, from = head_of(value)
  local block = from and string.sub(value, from, length) or ''
  contents = contents or string.sub(value, length + 1)
  if first > last then
    return with_contents(value, contents)
  end
  local form = (string.byte(value) + 4) % 256
  block = with_headers(block, first, last)
  return string.char(form - form % 4 + 2) .. string.sub(value, 2, 7) .. #block .. ':' .. block .. contents
end

local function set_priority(queue, id, state, more, priority)
  if priority == (more.n or 0) then
    return
  end
  local is_moved = state == 'ready' and not more.G
  if is_moved then
    leave_line(queue, id, more)
    more.v = take_ticks(1)
  end
  more.n = priority ~= 0 and priority or nil
  keep_more(queue, id, more)
  if is_moved then
    enter_line(queue, id, more, nil)
  end
end

verbs.set = function(from, to)
  require_memory()
  local queue, id = opened_at(ARGV[from]), ARGV[from + 1]
  local contents, due = given(ARGV[from + 2]), time_of(ARGV[from + 3])
  local state = state_of(queue, id)
  if state ~= 'ready' and state ~= 'delayed' and (state ~= 'failed' or due) then
    return 0
  end
  if contents or to >= from + 6 then
    local value = redis.call('HGET', queue.events, id)
    redis.call('HSET', queue.events, id, changed_value(value, contents, from + 6, to))
  end
  local more = more_of(queue, id)
  if ARGV[from + 4] ~= '' then
    more.t, more.T = tonumber(ARGV[from + 4]), now()
    keep_more(queue, id, more)
    if state ~= 'failed' then
      will_expire(queue, id, more)
    end
  end
  if ARGV[from + 5] ~= '' then
    set_priority(queue, id, state, more, tonumber(ARGV[from + 5]))
  end
  if due then
    leave_waiting(queue, id, state, more)
    return_waiting(queue, id, more, due, nil)
  end
  return 1
end
