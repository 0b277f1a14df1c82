-- Shows claims of a group.
-- KEYS    of the queue: all, set
-- ARGV    queue group from to count minMs consumer (behind "=", or empty)
-- Returns a list of id, worker, for how many ms, and which attempt it is, of each; -3 for a name of another kind,
--         -4 if there are too many, -7 if the group is not there

verbs.stream_pending = function(from)
  local own, otherwise = group_at(from)
  if not own then
    return otherwise
  end
  local first, last = place_of_id(ARGV[from + 2]), place_of_id(ARGV[from + 3])
  local least, consumer = tonumber(ARGV[from + 5]), given(ARGV[from + 6])
  local function fits(begin, record)
    return (least == 0 or idle_ms(begin) >= least) and (not consumer or worker_in(record) == consumer)
  end
  local is_any = least == 0 and not consumer
  local found, reply = claims_between(own, first, last, tonumber(ARGV[from + 4]), not is_any and fits or nil), {}
  if not found then
    return TOO_LARGE
  end
  for _, each in ipairs(found) do
    local more = more_of(own, each.id)
    reply[#reply + 1] = each.id
    reply[#reply + 1] = worker_in(each.record)
    reply[#reply + 1] = idle_ms(each.begin)
    reply[#reply + 1] = 1 + (more.f or 0) + (more.c or 0)
  end
  return reply
end
