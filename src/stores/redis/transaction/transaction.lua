-- Does several operations as one: all or none.
-- KEYS    of the queues: all
-- ARGV    GROWS|- count (queue, how many events are pushed to it or -)..., then of each operation verb,
--         TAKES|SHOWS|- (TAKES: its reply has contents; SHOWS: unless its last argument is "-"), how
--         many arguments, the arguments
-- Returns 0 and a list of what each verb returns (nil: behind too many contents); or -1 (full) or -2
--         (paused) and the name of the queue that refused a push; or -3 and an error, with some of
--         them done

-- Behind more bytes of contents nothing is taken. See BATCH_CONTENTS_BYTES.
local TAKEN_BYTES_MAX = 1024 * 1024
-- While reply_bytes is so much lower, no pop is cut.
local UNCUT = 2 ^ 40

local function verb_of(name)
  if not verbs[name] then
    makers[name]()
  end
  return verbs[name]
end

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
    local verb, first = verb_of(ARGV[at]), at + 3
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

verbs.transaction = function(from, to)
  if ARGV[from] == 'GROWS' then
    require_memory()
  end
  local first, pushed = from + 2 + 2 * tonumber(ARGV[from + 1]), {}
  for at = from + 2, first - 1, 2 do
    local refusal, refusing = prepare(queue_at(ARGV[at]), tonumber(ARGV[at + 1]), pushed)
    if refusal == NOT_MADE then
      return refusal
    elseif refusal then
      is_refused = true
      return { refusal, refusing.name }
    end
  end
  local replies, bytes, outer = {}, reply_bytes, left_out
  reply_bytes = -UNCUT
  set_judged(from + 2, first - 1, true)
  local ok, failure = pcall(do_all, first, to, replies)
  set_judged(from + 2, first - 1, false)
  reply_bytes, left_out = bytes + reply_bytes + UNCUT, outer
  if not ok then
    is_refused = true
    return { -3, type(failure) == 'table' and failure.err or tostring(failure) }
  end
  return { 0, replies }
end
