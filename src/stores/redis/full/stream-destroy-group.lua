-- Ends a group of a queue.
-- KEYS    queues, of the queues: all, set
-- ARGV    queue group
-- Returns what became of it: 1 if it was there, or 0; -3 for a name of another kind, -4 if it has too many claims,
--         -8 if there is no such queue

local function end_first(queue)
  local key, fields, claims = STREAM .. queue.name, { 'group' }, {}
  local is_read = each_claim(queue, function(id, begin)
    claims[#claims + 1] = { id = id, begin = begin }
  end)
  if not is_read then
    return TOO_LARGE
  end
  for _, field in ipairs(redis.call('HKEYS', key)) do
    fields[#fields + 1] = string.byte(field) == 64 and field or nil
  end
  redis.call('HDEL', key, unpack(fields))
  queue.record.group = nil
  became_ready(queue, GROUP_ENDED)
  return_claims(queue, claims)
  return 1
end

verbs.stream_destroy_group = function(from)
  local queue, group = opened_at(ARGV[from]), ARGV[from + 1]
  if is_no_stream(queue) then
    return WRONG_TYPE
  elseif not is_of_queue(queue) then
    return NO_QUEUE
  end
  local own = queue_of_group(queue, group)
  if own == queue then
    return record_of(queue) and queue.record.group and end_first(queue) or 0
  elseif not own then
    return 0
  end
  local left = {}
  for _, name in ipairs(bindings_of(queue)) do
    left[#left + 1] = name ~= group and name or nil
  end
  keep_bindings(queue, left)
  became_ready(own, GROUP_ENDED)
  flush_queue(own)
  return 1
end
