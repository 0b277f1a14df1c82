-- Pushes events at one end of the line, with ids that were never made before.
-- KEYS    queues counter, of the queue: ready events front
-- ARGV    queue LEFT|RIGHT contents...
-- Returns time step, then place number for every run of events whose numbers ascend by that step:
--         the place, from 1, of its first event, and the number of that one. Their ids are
--         "<time>-<number>".

-- Adds contents under a new id; returns it, its number, and the step. A client may have chosen the
-- same id, or many such ids: then more and more numbers are left out.
local function add_made(queue, contents)
  local number, step = take_numbers(1)
  local id, left_over = made_text(number), 1
  while redis.call('HSETNX', queue.events, id, contents) == 0 do
    take_numbers(left_over)
    number, left_over = take_numbers(1), left_over * 2
    id = made_text(number)
  end
  return id, number, step
end

verbs.push_made = function(from, to)
  require_memory()
  local queue, fresh, reply, expected = queue_at(ARGV[from]), {}, { 0, 0 }, nil
  for at = from + 2, to do
    local id, number, step = add_made(queue, ARGV[at])
    fresh[#fresh + 1] = id
    if number ~= expected then
      reply[#reply + 1] = #fresh
      reply[#reply + 1] = number
    end
    expected, reply[2] = number + step, step
  end
  line_up(queue, ARGV[from + 1] == 'LEFT', fresh)
  reply[1] = made_ms
  return reply
end
