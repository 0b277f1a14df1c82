-- Claims by their tokens.
-- KEYS    of the queue: claimed claims
-- ARGV    (none)
-- Returns nothing by itself

-- Whether a record, or false, is of a claim with that token; see full/claims.lua.
local function has_token(record, token)
  return record
    and token ~= '-'
    and string.find(record, ' ', 1, true) == #token + 1
    and string.find(record, token, 1, true) == 1
end

-- The records of these ids; none where no claim has one.
local function records_at(queue, ids)
  return may_have_extras(queue) and redis.call('HMGET', queue.claims, unpack(ids)) or {}
end

-- The ids whose records have the tokens that follow each of them in ARGV, and the places, from 1,
-- of the others. seen: if it is given, an id that is there again is of the others.
local function matching(ids, records, first, seen)
  local matched, missed = {}, {}
  for at, id in ipairs(ids) do
    if has_token(records[at], ARGV[first + 2 * at - 1]) and not (seen and seen[id]) then
      matched[#matched + 1] = id
      if seen then
        seen[id] = true
      end
    else
      missed[#missed + 1] = at
    end
  end
  return matched, missed
end

-- Ends the claims that stand as id and token from ARGV[first] to ARGV[last]. Returns the ids of
-- those that were there, and the places, from 1, of the others.
local function end_claims_with_tokens(queue, first, last)
  local asked = {}
  for at = first, last, 2 do
    asked[#asked + 1] = ARGV[at]
  end
  local records = records_at(queue, asked)
  local ids, missed = matching(asked, records, first)
  if #ids > 0 then
    ended[queue.name] = true
    if redis.call('ZREM', queue.claimed, unpack(ids)) < #ids then
      ids, missed = matching(asked, records, first, {})
    end
    redis.call('HDEL', queue.claims, unpack(ids))
    fill_in(queue, ids)
  end
  return ids, missed
end
