-- Ends claims: their events are gone, or completed.
-- KEYS    of the queue: all
-- ARGV    queue (id, token, result)... (token empty: any; result behind "=", or empty)
-- Returns of each 1, or 0 if that claim was not there, or a list of -1 or -2 and the name of a queue that
--         refuses the event of a counter; that one is the last, and ends the batch

verbs.ack = function(from, to)
  local queue, ids, replies = opened_at(ARGV[from]), {}, {}
  for at = from + 1, to, 3 do
    ids[#ids + 1] = ARGV[at]
  end
  local count, is_over = kept_of(queue, 'keep-completed', '0'), false
  local function end_one(at)
    local id = ARGV[at]
    local claim = claimed_with(queue, id, ARGV[at + 1])
    local more = claim and more_of(queue, id)
    if more and more.w then
      write_put_off(queue)
    end
    local refusal = more and more.w and refusal_of(queue, { more.w })
    if claim and not refusal then
      end_claim(queue, id, more, given(ARGV[at + 2]))
    end
    replies[#replies + 1] = refusal or claim and 1 or 0
    return refusal
  end
  local function end_all()
    if queue.put_off then
      read_claims(queue, ids)
    end
    for at = from + 1, to, 3 do
      if end_one(at) then
        is_over = true
        return
      end
    end
  end
  if count == 0 and #ids > 0 then
    putting_off(queue, end_all)
  else
    end_all()
  end
  if is_over then
    return end_refused(replies)
  end
  return replies
end
