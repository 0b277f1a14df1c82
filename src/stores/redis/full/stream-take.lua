-- Takes events for a consumer of a group.
-- KEYS    timers, of the queues: all, set
-- ARGV    queue group claimant count LEASE|- bytes (-: without claims)
-- Returns a list of the name of the queue of the group, and what pop_batch answers; or only a refusal; -3 for a
--         name of another kind, -7 if the group is not there

verbs.stream_take = function(from)
  verb_named('pop_batch')
  local own, otherwise = group_at(from)
  if not own then
    return otherwise
  end
  local record, popped, claimant = own.record, {}, ARGV[from + 2]
  local terms = { left = tonumber(ARGV[from + 3]), claimant = claimant, bytes = tonumber(ARGV[from + 5]) }
  terms.wanted = ARGV[from + 4] == '-' and 0 or nil
  local refusal, is_behind = popping.some(own, 1, terms, popped)
  if #popped == 0 and refusal then
    is_refused = true
    return refusal
  elseif #popped == 0 and is_behind then
    return again()
  end
  if record then
    local before = place_of_id(record.delivered)
    local latest = before
    for at = 2, #popped, 2 do
      local id, value = popped[at][1], popped[at][2]
      local place = place_of_id(id) or end_of_ms(pushed_at(value))
      latest = place > latest and place or latest
    end
    if latest > before then
      write_record(own, { delivered = id_of_place(latest) })
    end
    note_consumer(own, worker_of(claimant), #popped > 0)
  end
  return { own.name, popped }
end
