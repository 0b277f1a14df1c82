-- Undoes a pop, unless its claim has ended: the event gets its old place in line.
-- KEYS    queues, of the queue: claimed events front claims
-- ARGV    queue leaseMs claim place (empty: in the list) id contents (empty with a lease)
-- Returns 1 if the event is in line again, else 0

local function is_claim(queue, id, claim, lease)
  local deadline = redis.call('ZSCORE', queue.claimed, id)
  local known = tonumber(redis.call('HGET', queue.claims, id)) or USUAL_LEASE_MS
  return deadline and known == lease and deadline - lease * TICKS_PER_MS == claim
end

verbs.unpop = function(from)
  local queue, lease, claim = queue_at(ARGV[from]), tonumber(ARGV[from + 1]), tonumber(ARGV[from + 2])
  local place, id = tonumber(ARGV[from + 3]) or PUSHED_LEFT + claim, ARGV[from + 4]
  if lease > 0 then
    if not is_claim(queue, id, claim, lease) then
      return 0
    end
    will_have_extras(queue)
    redis.call('ZADD', queue.front, place, id)
    redis.call('ZREM', queue.claimed, id)
    redis.call('HDEL', queue.claims, id)
  else
    if redis.call('HEXISTS', queue.events, id) == 1 then
      return 0
    end
    redis.call('ZADD', queues_key, 0, queue.name)
    will_have_extras(queue)
    redis.call('ZADD', queue.front, place, id)
    redis.call('HSET', queue.events, id, ARGV[from + 5])
  end
  became_ready(queue, 1)
  return 1
end
