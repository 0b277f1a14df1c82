-- Ends claims: their events are gone, or completed.
-- KEYS    of the queue: all
-- ARGV    queue (id, token, result)... (token empty: any; result behind "=", or empty)
-- Returns of each 1, or 0 if that claim was not there

verbs.ack = function(from, to)
  local queue, ids, replies = opened_at(ARGV[from]), {}, {}
  for at = from + 1, to, 3 do
    ids[#ids + 1] = ARGV[at]
  end
  local count = kept_of(queue, 'keep-completed', '0')
  local function end_all()
    if queue.put_off then
      read_claims(queue, ids)
    end
    for at = from + 1, to, 3 do
      local id = ARGV[at]
      local claim = claim_of(queue, id, ARGV[at + 1])
      if claim then
        end_claim(queue, id, given(ARGV[at + 2]))
      end
      replies[#replies + 1] = claim and 1 or 0
    end
  end
  if count == 0 and #ids > 0 then
    putting_off(queue, end_all)
  else
    end_all()
  end
  return replies
end
