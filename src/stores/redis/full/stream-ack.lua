-- Acknowledges events of a group, whoever has claimed them.
-- KEYS    of the queues: all, set
-- ARGV    queue group KEEP|REMOVE|COUNT value... (of each operation how many ids, the ids; REMOVE: what other
--         queues of the tree have of these goes too; COUNT: looks whether these have them)
-- Returns a list of the name of the queue of the group, and of each operation a list of 1 of each id, or 2 if another
--         queue has it, or 0 if the group has not claimed it; shorter behind a refusal, which ends the batch; -3
--         for a name of another kind

-- Which of these ids others have, ready or claimed. Removes them there, if is_removed.
local function elsewhere(queue, own, ids, is_removed)
  local has = {}
  for _, each in ipairs(queues_of(queue)) do
    for _, id in ipairs(each ~= own and ids or {}) do
      local state = state_of(each, id)
      if state == 'ready' or state == 'claimed' then
        has[id] = true
        if is_removed then
          remove_entry(each, id)
        end
      end
    end
  end
  return has
end

-- The ids that are claimed, each once, and why their events may not be acknowledged, or nil.
local function claimed_among(own, ids)
  local claimed, is_claimed, parts = {}, {}, {}
  for first = 1, #ids, CLAIMS_AT_ONCE do
    local last = math.min(#ids, first + CLAIMS_AT_ONCE - 1)
    for at, score in ipairs(redis.call('ZMSCORE', own.claimed, unpack(ids, first, last))) do
      local id = ids[first + at - 1]
      if score and not is_claimed[id] then
        is_claimed[id] = true
        claimed[#claimed + 1] = id
        parts[#parts + 1] = own.has_more and more_of(own, id).w or nil
      end
    end
  end
  return claimed, is_claimed, refusal_of(own, parts)
end

local function end_claims_of(own, ids)
  for first = 1, #ids, CLAIMS_AT_ONCE do
    local some = { unpack(ids, first, math.min(#ids, first + CLAIMS_AT_ONCE - 1)) }
    if own.put_off then
      read_claims(own, some)
    end
    for _, id in ipairs(some) do
      local more = more_of(own, id)
      if more.w then
        write_put_off(own)
      end
      end_claim(own, id, more, nil)
    end
  end
end

-- Acknowledges these ids, if their events may be: returns which are claimed, which of these others have, and
-- why their events may not be acknowledged, or nil.
local function end_all(queue, own, how, ids)
  local claimed, is_claimed, refusal = claimed_among(own, ids)
  local has = {}
  if refusal or #claimed == 0 then
    return is_claimed, has, refusal
  elseif how ~= 'KEEP' then
    has = elsewhere(queue, own, claimed, how == 'REMOVE')
  end
  if kept_of(own, 'keep-completed', '0') == 0 then
    putting_off(own, function()
      end_claims_of(own, claimed)
    end)
  else
    end_claims_of(own, claimed)
  end
  return is_claimed, has, nil
end

-- What the verb answers of these operations, that is of the ids of each.
local function outcomes_of(operations, how, is_claimed, has, replies)
  for _, ids in ipairs(operations) do
    local outcomes = {}
    for at, id in ipairs(ids) do
      outcomes[at] = not is_claimed[id] and 0 or (how == 'COUNT' and has[id] and 2 or 1)
      is_claimed[id] = nil
    end
    replies[#replies + 1] = outcomes
  end
end

-- The ids of each operation, and all of them.
local function operations_at(from, to)
  local operations, all, at = {}, {}, from
  while at <= to do
    local ids, last = {}, at + tonumber(ARGV[at])
    for place = at + 1, last do
      ids[#ids + 1], all[#all + 1] = ARGV[place], ARGV[place]
    end
    operations[#operations + 1], at = ids, last + 1
  end
  return operations, all
end

verbs.stream_ack = function(from, to)
  local queue, how = opened_at(ARGV[from]), ARGV[from + 2]
  if is_no_stream(queue) then
    return WRONG_TYPE
  end
  local own, operations, all = queue_of_group(queue, ARGV[from + 1]), operations_at(from + 3, to)
  local replies = { (own or queue).name }
  local is_claimed, has, refusal = {}, {}, nil
  if own then
    is_claimed, has, refusal = end_all(queue, own, how, all)
  end
  if not refusal then
    outcomes_of(operations, how, is_claimed, has, replies)
    return replies
  end
  -- One of them is refused, so each is done by itself.
  for _, ids in ipairs(operations) do
    is_claimed, has, refusal = end_all(queue, own, how, ids)
    if refusal then
      replies[#replies + 1] = refusal
      is_refused = true
      return end_refused(replies)
    end
    outcomes_of({ ids }, how, is_claimed, has, replies)
  end
  return replies
end
