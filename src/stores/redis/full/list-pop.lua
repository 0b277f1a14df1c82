-- Takes up to count events at an end of the first queue that has any, and removes them.
-- KEYS    timers, of the queues: all, set
-- ARGV    times (that operation so often) count LEFT|RIGHT bytes queue...
-- Returns of each operation -3 if a name of another kind comes first, or what pop_batch answers; they are fewer
--         when the reply is long enough, behind many ghosts, and behind a refusal, which ends the batch

-- The reply of one operation, and whether it is a refusal.
local function popped_of_first(from, to)
  for at = from + 3, to do
    local queue, replies = queue_at(ARGV[at]), {}
    if is_no_list(queue) then
      return WRONG_TYPE, false
    end
    local terms = {
      left = tonumber(ARGV[from]), wanted = 0, is_left = ARGV[from + 1] == 'LEFT',
      bytes = tonumber(ARGV[from + 2]),
    }
    local refusal, is_behind = pop_some(queue, at - from - 2, terms, replies)
    if #replies > 0 then
      return replies, false
    elseif refusal then
      return refusal, true
    elseif is_behind then
      return again(), false
    end
  end
  return {}, false
end

verbs.list_pop = function(from, to)
  local replies = {}
  for at = from + 4, to do
    opened_at(ARGV[at])
  end
  for _ = 1, tonumber(ARGV[from]) do
    local reply, is_over = popped_of_first(from + 1, to)
    if reply == NOT_MADE then
      return #replies > 0 and replies or reply
    end
    replies[#replies + 1] = reply
    if is_over then
      return end_refused(replies)
    elseif reply_bytes >= REPLY_BYTES_MAX then
      break
    end
  end
  return replies
end
