-- Pushes the event of a cron entry and moves its next time on, unless another okq has done so.
-- KEYS    queues timers crons-due cron-queues, of the queue: all
-- ARGV    queue name version expectedAt (empty: none) nextAt firesAt pushed... (pushed: nothing, or
--         LEFT|RIGHT, id, value, options)
-- Returns of each push, of which there is one, what push answers; or in its place 2 if there was
--         nothing to push, or 3 if another okq did it or the entry is another one by now

local MOVED, STALE = 2, 3

verbs.cron_fire = function(from, to)
  require_memory()
  local queue, name = opened_at(ARGV[from]), ARGV[from + 1]
  local entry = cron_of(queue, name)
  local is_expected = entry and entry[VERSION] == ARGV[from + 2]
    and (entry[NEXT_AT] or nil) == tonumber(ARGV[from + 3])
  if not is_expected then
    return { STALE }
  end
  local reply = MOVED
  if to > from + 5 then
    verb_named('push')
    local is_left, options = ARGV[from + 6] == 'LEFT', pushing.options_in(ARGV[from + 9])
    reply = pushing.one(queue, is_left, ARGV[from + 7], ARGV[from + 8], options)
    if reply == 1 then
      entry[LAST_AT] = tonumber(ARGV[from + 5])
    end
  end
  entry[NEXT_AT] = tonumber(ARGV[from + 4])
  keep_cron(queue, name, entry)
  return { reply }
end
