-- As full/stream-ack.lua with KEEP.
-- KEYS    lists, of the queue: stream (and those of plain/ack.lua)
-- ARGV    group queue id...
-- Returns the places, from 1, of the ids that were not claimed; -3 for a list, -7 if the group is not there

verbs.stream_ack = function(from, to)
  local is_stream = look_at_group(queue_at(ARGV[from + 1]), ARGV[from])
  if type(is_stream) == 'number' then
    return is_stream
  end
  return to > from + 1 and verb_named('ack')(from + 1, to) or {}
end
