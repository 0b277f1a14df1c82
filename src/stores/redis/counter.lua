-- The counter of tokens and of ids that are made here. It never goes back, whatever the clock does,
-- and however often a queue was empty. A text of it is "<ms>-<number>".
-- KEYS    counter
-- ARGV    as in batch.lua
-- Returns nothing by itself

local made_ms, made_count, made_form

-- To be called before anything is changed for which numbers are needed: it may fail. All numbers of
-- a batch have the same ms.
local function read_counter()
  if made_ms then
    return
  end
  local latest = redis.call('HMGET', COUNTER, 'ms', 'count')
  made_ms, made_count = tonumber(latest[1]) or -1, tonumber(latest[2]) or 0
  if now() > made_ms then
    made_ms, made_count = now(), -1
  end
  made_form = string.format('%.0f-', made_ms) .. '%d'
  local before = made_count
  at_end[#at_end + 1] = function()
    if made_count > before then
      redis.call('HSET', COUNTER, 'ms', made_ms, 'count', made_count)
    end
  end
end

-- The first of so many new numbers, and how much more each further one is.
local function take_numbers(count)
  read_counter()
  local first, shard = made_count + 1, tonumber(ARGV[7])
  made_count = made_count + count
  if shard then
    return first * SHARDS + shard, SHARDS
  end
  return first, 1
end

-- In front of the claimant in the record of a claim (see full/claims.lua). With a value of more
-- than 64 bytes Redis finds each field of a hash at once; else it looks through all up to it.
local PADDING = string.rep(' ', 32)

local function made_text(number)
  return string.format(made_form, number)
end

-- A text that was never made before: for a token or an id.
local function made()
  return made_text((take_numbers(1)))
end
