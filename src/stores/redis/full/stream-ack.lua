-- Acknowledges events of a group, whoever has claimed them.
-- KEYS    of the queues: all, set
-- ARGV    queue group KEEP|REMOVE|COUNT id... (REMOVE: what other queues of the tree have of these goes too;
--         COUNT: looks whether these have them)
-- Returns a list of the name of the queue of the group, and of each id 1, or 2 if another queue has it, or 0 if
--         the group has not claimed it; or of a refusal; -3 for a name of another kind

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
  read_some_claims(own, ids, function(id)
    if not is_claimed[id] then
      is_claimed[id] = true
      claimed[#claimed + 1] = id
      parts[#parts + 1] = own.has_more and more_of(own, id).w or nil
    end
  end)
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

verbs.stream_ack = function(from, to)
  local queue, how, reply = opened_at(ARGV[from]), ARGV[from + 2], {}
  if is_no_stream(queue) then
    return WRONG_TYPE
  end
  local own, ids = queue_of_group(queue, ARGV[from + 1]), {}
  for at = from + 3, to do
    ids[#ids + 1] = ARGV[at]
  end
  local claimed, is_claimed, refusal = claimed_among(own or queue, own and ids or {})
  if refusal then
    is_refused = true
    return refusal
  end
  local has = {}
  if how ~= 'KEEP' and #claimed > 0 then
    has = elsewhere(queue, own, claimed, how == 'REMOVE')
  end
  if #claimed > 0 and kept_of(own, 'keep-completed', '0') == 0 then
    putting_off(own, function()
      end_claims_of(own, claimed)
    end)
  else
    end_claims_of(own, claimed)
  end
  reply[1] = (own or queue).name
  for at, id in ipairs(ids) do
    reply[at + 1] = not is_claimed[id] and 0 or (how == 'COUNT' and has[id] and 2 or 1)
    is_claimed[id] = nil
  end
  return reply
end
