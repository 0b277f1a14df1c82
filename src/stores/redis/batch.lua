-- The batch loop: runs one batch's calls of verbs in order. Behind one that fails those of the same
-- chain are not made, for they have operations that stand behind its operations.
-- KEYS    queues deadlines processes absent process, then ready claimed events of each queue
-- ARGV    now (empty: the server's time) channel origin, then for each call
--         verb, how many values it has with these two, negative if there are calls of its chain,
--         then the chain in that case, the arguments
-- Returns what became ready (queue's name, count ...), 1 if the batch ended early or 0, then the
--         reply of each call that it came to: an error if it failed, a status if it was not made

-- What pcall caught, as an error reply that begins with its code. Redis 6 puts the place in the
-- script in front of the text, Redis 7 does not.
local function failure_of(caught)
  if type(caught) == 'table' then
    return caught
  end
  local text = string.gsub(tostring(caught), '^[%w_@]+: ?%d+: %-?', '')
  return { err = string.find(text, '^%u+ ') and text or 'ERR ' .. text }
end

local NOT_MADE = { ok = 'NOT MADE' }

local replies = { {}, 0 }
local broken_chains = {}
local at = 4
while at <= #ARGV and replies[2] == 0 do
  local values, from, chain = tonumber(ARGV[at + 1]), at + 2, nil
  if values < 0 then
    values, from, chain = -values, at + 3, ARGV[at + 2]
  end
  if chain and broken_chains[chain] then
    replies[#replies + 1] = NOT_MADE
  else
    local ok, reply = pcall(verbs[ARGV[at]], from, at + values - 1)
    if not ok then
      reply = failure_of(reply)
      if chain then
        broken_chains[chain] = true
      end
    end
    replies[#replies + 1] = reply
    replies[2] = reply_bytes < REPLY_BYTES_MAX and 0 or 1
  end
  at = at + values
end
for name, count in pairs(ready_counts) do
  replies[1][#replies[1] + 1] = name
  replies[1][#replies[1] + 1] = count
  -- All is done by now: where a message must not be sent, waiters find the event a bit later.
  redis.pcall('PUBLISH', ARGV[2], ARGV[3] .. ' ' .. count .. ' ' .. name)
end
return replies
