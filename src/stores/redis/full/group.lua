-- All that is known of a group.
-- KEYS    of the queue: all
-- ARGV    queue group
-- Returns what facts_of_group describes

-- { ready, delayed, claimed, when its first ready event was pushed or nil, 1 if it is paused or 0, its
-- limit, its rate as text, now }
local function facts_of_group(queue, name)
  local record = groups.record_of(queue, name)
  local oldest = groups.oldest(queue, record)
  local is_paused_now = record.own.till and record.own.till > now()
  return {
    record.ready, record.delayed, record.claimed, oldest or false, is_paused_now and 1 or 0,
    record.limit, record.rate and record.rate.text or '', now(),
  }
end

verbs.group = function(from)
  local queue = opened_at(ARGV[from])
  make_groups()
  return facts_of_group(queue, ARGV[from + 1])
end
