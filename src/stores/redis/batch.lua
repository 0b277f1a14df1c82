-- The batch loop: runs one batch's calls of verbs in order. One that fails stands alone.
-- KEYS    queues deadlines processes absent numbers process, then
--         ready claimed events front leases of each queue
-- ARGV    now (empty: the server's time) channel origin, then for each call
--         verb, how many arguments it has, the arguments
-- Returns what became ready (queue's name, count ...), 1 if the batch ended early or 0, then the
--         reply of each call that was made, in which an error stands for a call that failed

-- What pcall caught, as an error reply that begins with its code. Redis 6 puts the place in the
-- script in front of the text, Redis 7 does not.
local function failure_of(caught)
  if type(caught) == 'table' then
    return caught
  end
  local text = string.gsub(tostring(caught), '^[%w_@]+: ?%d+: %-?', '')
  return { err = string.find(text, '^%u+ ') and text or 'ERR ' .. text }
end

local replies = { {}, 0 }
local at = 4
while at <= #ARGV and replies[2] == 0 do
  local from = at + 2
  local to = at + 1 + tonumber(ARGV[at + 1])
  local ok, reply = pcall(verbs[ARGV[at]], from, to)
  if not ok then
    reply = failure_of(reply)
  end
  replies[#replies + 1] = reply
  replies[2] = reply_bytes < REPLY_BYTES_MAX and 0 or 1
  at = to + 1
end
keep_numbers()
for name, count in pairs(ready_counts) do
  replies[1][#replies[1] + 1] = name
  replies[1][#replies[1] + 1] = count
  -- All is done by now: where a message must not be sent, waiters find the event a bit later.
  redis.pcall('PUBLISH', ARGV[2], ARGV[3] .. ' ' .. count .. ' ' .. name)
end
return replies
