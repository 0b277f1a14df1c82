-- Takes up to count events of these queues, first from the first one.
-- KEYS    timers, of the queues: all
-- ARGV    count leaseMs|- claimant bytes queue...
-- Returns of each event the place, from 1, of its queue, and what popped_one answers; or only a refusal

-- Pops up to terms.left events of that queue, and stops behind terms.bytes of contents; both become less.
-- Adds to replies the place and what popped_one answers. Returns a refusal or nil, and whether it found
-- nothing but ghosts.
local function pop_now(queue, place, terms, replies)
  local popped = true
  while popped and terms.left > 0 and terms.bytes >= 0 do
    popped = popped_one(queue, terms.wanted, terms.claimant, false, terms.is_left)
    if popped and type(popped[1]) == 'number' then
      return popped
    elseif popped then
      terms.left = terms.left - 1
      terms.bytes = terms.bytes - #popped[2] + head_of(popped[2])
      replies[#replies + 1] = place
      replies[#replies + 1] = popped
    end
  end
  return nil, not popped and queue.is_behind
end

-- As pop_now, with commands put off.
local function pop_some(queue, place, terms, replies)
  if terms.is_left then
    -- The ghosts there are told by the events that are gone: nothing may be put off.
    return pop_now(queue, place, terms, replies)
  end
  local refusal, is_behind
  putting_off(queue, function()
    begin_pops(queue, terms.left)
    refusal, is_behind = pop_now(queue, place, terms, replies)
  end)
  return refusal, is_behind
end

popping.begin, popping.now, popping.some = begin_pops, pop_now, pop_some

verbs.pop_batch = function(from, to)
  local terms = {
    left = tonumber(ARGV[from]), wanted = tonumber(ARGV[from + 1]), claimant = ARGV[from + 2],
    bytes = tonumber(ARGV[from + 3]),
  }
  local replies = {}
  for at = from + 4, to do
    opened_at(ARGV[at])
  end
  for at = from + 4, to do
    local refusal, is_behind = pop_some(queue_at(ARGV[at]), at - from - 3, terms, replies)
    if refusal then
      is_refused = #replies == 0
      return #replies > 0 and replies or refusal
    elseif is_behind then
      return #replies > 0 and replies or again()
    end
  end
  return replies
end
