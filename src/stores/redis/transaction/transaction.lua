-- Does several operations as one: all or none. Several transactions follow each other: one that is
-- refused does not concern the others.
-- KEYS    of the queues: all
-- ARGV    of each transaction GROWS|- count (queue, how many events are pushed to it or -)..., how
--         many steps, then of each step verb, TAKES|SHOWS|- (TAKES: its reply has contents; SHOWS:
--         unless its last argument is "-"), how many arguments, the arguments
-- Returns of each transaction 0 and a list of what each verb returns (nil: behind too many contents);
--         or -1 (full) or -2 (paused) and the name of the queue that refused a push; or -3 and an
--         error, with some of them done

-- Behind more bytes of contents nothing is taken. See BATCH_CONTENTS_BYTES.
local TAKEN_BYTES_MAX = 1024 * 1024
-- While reply_bytes is so much lower, no pop is cut.
local UNCUT = 2 ^ 40

-- As the verb alone, but okq has nothing to fetch.
local function take_whole(verb, from, to)
  local outer = left_out
  left_out = {}
  local reply = verb(from, to)
  for name, own in pairs(left_out) do
    local ids = {}
    for id in pairs(own) do
      ids[#ids + 1] = id
    end
    fill_in(queue_named(name), ids)
  end
  left_out = outer
  return reply
end

local function do_all(from, to, replies)
  local at = from
  while at <= to do
    local verb, first = verb_named(ARGV[at]), at + 3
    local last = first + tonumber(ARGV[at + 2]) - 1
    local is_over = reply_bytes + UNCUT > TAKEN_BYTES_MAX
    if is_over and ARGV[at + 1] == 'SHOWS' then
      ARGV[last] = '-'
    end
    if ARGV[at + 1] ~= 'TAKES' then
      replies[#replies + 1] = verb(first, last)
    elseif is_over then
      replies[#replies + 1] = false
    else
      replies[#replies + 1] = take_whole(verb, first, last)
    end
    at = last + 1
  end
end

-- Whether their pushes are judged, and their ghosts may be dropped without end.
local function set_judged(from, to, is_judged)
  for at = from, to, 2 do
    local queue = queue_at(ARGV[at])
    queue.is_judged, queue.dropped = is_judged, is_judged and -math.huge or 0
  end
end

-- What prepare or judge_counters returns if a queue refuses. is_first: nothing is done yet, so that all
-- of it may be done in another batch.
local function judge(from, first, last, is_first)
  local pushed = {}
  for at = from, first - 2, 2 do
    local queue, bytes, refusal, refusing = queue_at(ARGV[at]), reply_bytes, nil, nil
    repeat
      queue.dropped = not is_first and refusal and 0 or queue.dropped
      refusal, refusing = prepare(queue, tonumber(ARGV[at + 1]), pushed)
    until refusal ~= NOT_MADE or is_first
    if refusal then
      return refusal, refusing
    end
    reply_bytes = bytes
  end
  return judge_counters(first, last, pushed)
end

-- The queues from ARGV[from] on, and the steps from ARGV[first] to ARGV[last].
local function transact(from, first, last, is_first)
  local refusal, refusing = judge(from, first, last, is_first)
  if refusal == NOT_MADE then
    return refusal
  elseif refusal then
    is_refused = true
    return { refusal, refusing.name }
  end
  local replies, bytes, outer = {}, reply_bytes, left_out
  reply_bytes, reach_left = -UNCUT, LIST_REACH
  set_judged(from, first - 2, true)
  local ok, failure = pcall(do_all, first, last, replies)
  set_judged(from, first - 2, false)
  reply_bytes, left_out, reach_left = bytes + reply_bytes + UNCUT, outer, nil
  if not ok then
    is_refused = true
    return { -3, type(failure) == 'table' and failure.err or tostring(failure) }
  end
  return { 0, replies }
end

verbs.transaction = function(from, to)
  if ARGV[from] == 'GROWS' then
    require_memory()
  end
  local replies, at = {}, from
  while at <= to do
    local first = at + 3 + 2 * tonumber(ARGV[at + 1])
    local last = first - 1
    for _ = 1, tonumber(ARGV[first - 1]) do
      last = last + 3 + tonumber(ARGV[last + 3])
    end
    local reply = transact(at + 2, first, last, #replies == 0)
    if reply == NOT_MADE then
      return reply
    end
    replies[#replies + 1] = reply
    at = last + 1
  end
  return replies
end
