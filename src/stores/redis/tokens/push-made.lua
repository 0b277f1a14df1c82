-- Pushes events at one end of the line, with ids that were never made before.
-- KEYS    queues counter, of the queue: ready events front
-- ARGV    queue LEFT|RIGHT contents...
-- Returns time step, then place number for every run of events whose numbers ascend by that step:
--         the place, from 1, of its first event, and the number of that one. Their ids are
--         "<time>-<number>".

-- Adds contents under the new ids from that number on, if none of these is there.
local function add_all(queue, number, step, from, to)
  local ids, added = {}, {}
  for at = from, to do
    local id = made_text(number + (at - from) * step)
    ids[at - from + 1], added[2 * (at - from) + 1], added[2 * (at - from) + 2] = id, id, ARGV[at]
  end
  local known = redis.call('HMGET', queue.events, unpack(ids))
  for at = 1, #ids do
    if known[at] then
      return nil
    end
  end
  redis.call('HSET', queue.events, unpack(added))
  return ids
end

-- Adds contents under a new id; returns it and its number. A client may have chosen the same id, or
-- many such ids: then more and more numbers are left out.
local function add_one(queue, contents)
  local number, left_over = take_numbers(1), 1
  while redis.call('HSETNX', queue.events, made_text(number), contents) == 0 do
    take_numbers(left_over)
    number, left_over = take_numbers(1), left_over * 2
  end
  return made_text(number), number
end

local function add_each(queue, from, to, reply)
  local ids = {}
  for at = from, to do
    local number
    ids[#ids + 1], number = add_one(queue, ARGV[at])
    reply[#reply + 1] = #ids
    reply[#reply + 1] = number
  end
  return ids
end

-- Adds the contents from ARGV[from] to ARGV[to]. Returns the reply, and their ids.
local function add_made(queue, from, to)
  local number, step = take_numbers(to - from + 1)
  local reply = { made_ms, step, 1, number }
  local ids = add_all(queue, number, step, from, to)
  if not ids then
    reply = { made_ms, step }
    ids = add_each(queue, from, to, reply)
  end
  return reply, ids
end

verbs.push_made = function(from, to)
  require_memory()
  local queue = queue_at(ARGV[from])
  local reply, ids = add_made(queue, from + 2, to)
  line_up(queue, ARGV[from + 1] == 'LEFT', ids)
  return reply
end
