-- The batch loop: runs one batch's calls of verbs in order. One that fails stands alone.
-- KEYS    queues deadlines processes process, then ready claimed events of each queue
-- ARGV    now (empty: the server's time) channel origin, then for each call
--         verb, how many arguments it has, the arguments
-- Returns what became ready (queue's name, count ...), then the reply of each call, in which an
--         error stands for a call that failed

local replies = { {} }
local at = 4
while at <= #ARGV do
  local from = at + 2
  local to = at + 1 + tonumber(ARGV[at + 1])
  local ok, reply = pcall(verbs[ARGV[at]], from, to)
  if not ok and type(reply) ~= 'table' then
    reply = { err = 'ERR ' .. tostring(reply) }
  end
  replies[#replies + 1] = reply
  at = to + 1
end
for name, count in pairs(ready_counts) do
  replies[1][#replies[1] + 1] = name
  replies[1][#replies[1] + 1] = count
  redis.call('PUBLISH', ARGV[2], ARGV[3] .. ' ' .. count .. ' ' .. name)
end
return replies
