-- Removes all events of a queue, in all states. Settings and pauses stay.
-- KEYS    of the queue: all but config
-- ARGV    queue
-- Returns how many of its keys were there

verbs.flush = function(from)
  local queue = queue_at(ARGV[from])
  local ids, name = {}, queue.name
  for id in pairs(left_out[name] or {}) do
    ids[#ids + 1] = id
  end
  fill_in(queue, ids)
  shrank(queue)
  -- Also keys of the wrong type; what is known of the queue is read anew.
  queue.config, queue.is_open, queue.was_flushed, trees = nil, false, true, {}
  return redis.call('UNLINK', queue.ready, queue.claimed, queue.events, queue.front, queue.claims,
    DELAYED .. name, FAILED .. name, COMPLETED .. name, EXPIRES .. name, MORE .. name,
    ERRORS .. name, LOG .. name, DONE .. name, GHOSTS .. name, REVIEW .. name,
    RETRYING .. name, WINDOWS .. name, UNIQUE .. name, UNIQUE_ENDS .. name)
end
