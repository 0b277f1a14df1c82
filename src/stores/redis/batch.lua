-- The batch loop: runs one batch's calls of verbs in order. When a call fails, later calls of its
-- chain are not made: they hold operations that stand behind its operations.
-- KEYS    queues timers processes absent process, then events of each queue
-- ARGV    now (empty: the server's time) tick (the first that this okq process has not seen)
--         GROWS|STAGED|- ready-channels due-channel origin shard (empty: no cluster)
--         ended-channels, then for each call verb, how many values the call has with these two
--         (negative: the next value is its chain), the arguments
-- Returns what became ready (queue's name, count ...), 1 if the batch ended early or 0, in how many
--         ms a reclaim is due (-1: nothing is claimed; nil: no news), the next free tick (nil: the
--         clock was not read), then the reply of each call that it came to: an error if it failed,
--         a status if it was not made

-- What pcall caught, as an error reply that begins with its code. Redis 6 puts the place in the
-- script in front of the text, Redis 7 does not.
local function failure_of(caught)
  if type(caught) == 'table' then
    return caught
  end
  local text = string.gsub(tostring(caught), '^[%w_@]+: ?%d+: %-?', '')
  return { err = string.find(text, '^%u+ ') and text or 'ERR ' .. text }
end

-- In how many ms something is to be reclaimed. Other okq processes are told when a pop made it
-- earlier: they would reclaim in the place of this one.
local function next_due()
  if is_sweeping then
    return 0
  end
  local first = redis.call('ZRANGE', timers_key, 0, 0, 'WITHSCORES')
  local deadline = tonumber(first[2])
  if not deadline then
    return -1
  end
  local due = math.max(0, math.ceil(deadline - now()))
  if deadline == earliest_added then
    redis.call('PUBLISH', ARGV[5], ARGV[6] .. ' ' .. due .. ' ' .. TAG)
  end
  return due
end

-- It must not fail: all calls are done by now.
local function finish(replies)
  for _, run in ipairs(at_end) do
    pcall(run)
  end
  for _, queue in pairs(shrunk) do
    pcall(verb_named('forget_if_unused'), queue)
  end
  if timers_changed then
    local ok, due = pcall(next_due)
    replies[3] = ok and due
  end
  replies[4] = next_tick or false
  for name, count in pairs(ready_counts) do
    replies[1][#replies[1] + 1] = name
    replies[1][#replies[1] + 1] = count
    -- Where a message must not be sent, waiters find the event a bit later.
    redis.pcall('PUBLISH', ARGV[4] .. name, ARGV[6] .. ' ' .. count)
  end
  for name in pairs(ended) do
    -- In a cluster a message goes to every node: it is only sent where somebody waits for it.
    if ARGV[7] == '' or redis.pcall('EXISTS', AWAITED .. name) == 1 then
      redis.pcall('PUBLISH', ARGV[8] .. name, ARGV[6])
    end
  end
end

local replies = { {}, 0, false, false }
local broken_chains = {}
local at = FIRST_CALL
while at <= #ARGV and replies[2] == 0 do
  local values, from, chain = tonumber(ARGV[at + 1]), at + 2, nil
  if values < 0 then
    values, from, chain = -values, at + 3, ARGV[at + 2]
  end
  if chain and broken_chains[chain] then
    replies[#replies + 1] = NOT_MADE
  else
    is_refused = false
    local ok, reply = pcall(verb_named(ARGV[at]), from, at + values - 1)
    if not ok then
      reply = failure_of(reply)
    end
    if chain and (is_refused or not ok) then
      broken_chains[chain] = true
    end
    replies[#replies + 1] = reply
    replies[2] = reply_bytes < REPLY_BYTES_MAX and 0 or 1
  end
  at = at + values
end
finish(replies)
return replies
