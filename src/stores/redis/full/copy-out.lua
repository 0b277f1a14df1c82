-- Copies events that are not claimed, for a queue of another shard. See move-apart.ts.
-- KEYS    of the queue: all
-- ARGV    queue limit (id, version)... (limit: of bytes of values, errors and logs; version empty: any)
-- Returns of each nil, or a list: id state score version mark value more errors log (score: as
--         state_of answers; it, errors and log may be empty); shorter once there are more bytes

-- It says of which event it is a copy, whatever became of that since.
local function mark_of(queue, value)
  return string.format('%.0f-%d ', pushed_at(value), string.byte(value)) .. queue.name
end

local function copy_of(queue, id, state, score)
  local value = redis.call('HGET', state == 'completed' and queue.done or queue.events, id)
  local more = more_of(queue, id)
  return {
    id, state, state ~= 'ready' and score or '', version_of(state, score, value, more),
    mark_of(queue, value), value, cmsgpack.pack(kept_of_moved(more)),
    more.e and redis.call('HGET', queue.errors, id) or '',
    more.g and redis.call('HGET', queue.log, id) or '',
  }
end

verbs.copy_out = function(from, to)
  local queue, limit, bytes, replies = opened_at(ARGV[from]), tonumber(ARGV[from + 1]), 0, {}
  for at = from + 2, to, 2 do
    local id = ARGV[at]
    local state, score = state_of(queue, id)
    local may_go = state and state ~= 'claimed' and is_version(queue, id, state, score, ARGV[at + 1])
    -- Its counter is in this shard.
    may_go = may_go and not (state ~= 'completed' and more_of(queue, id).w)
    local copy = may_go and copy_of(queue, id, state, score)
    replies[#replies + 1] = copy or false
    bytes = bytes + (copy and #copy[6] + #copy[8] + #copy[9] or 0)
    if bytes >= limit then
      break
    end
  end
  return replies
end
