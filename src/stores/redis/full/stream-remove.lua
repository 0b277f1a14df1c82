-- Removes ready and claimed events of each queue of the tree of a stream.
-- KEYS    of the queues: all, set
-- ARGV    queue id...
-- Returns how many were in the queue itself; -3 for a name of another kind

verbs.stream_remove = function(from, to)
  local queue, count = opened_at(ARGV[from]), 0
  if is_no_stream(queue) then
    return WRONG_TYPE
  end
  local record, tree = record_of(queue), queues_of(queue)
  local before = record and place_of_id(record.removed)
  local removed = before
  for at = from + 1, to do
    local id = ARGV[at]
    local place = record and place_of(queue, id)
    for _, each in ipairs(tree) do
      if remove_entry(each, id) and each == queue then
        count = count + 1
        removed = record and (place > removed and place or removed)
      end
    end
  end
  if removed ~= before then
    write_record(queue, { removed = id_of_place(removed) })
  end
  return count
end
