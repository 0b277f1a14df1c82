-- What a transaction asks of each of its queues before it begins, on any queue.
-- KEYS    of the queue: all
-- ARGV    (none)
-- Returns nothing by itself

-- Of so many more events that enter the queue: -1 (full) or -2 (paused) and the queue, or one of its
-- tree, if it takes no more; or nil. pushed: by queue how many those so far add.
local function judge_push(queue, count, pushed)
  local paused, tree = paused_one(queue), tree_of(queue)
  if paused then
    return -2, paused
  end
  for _, each in ipairs(tree and tree.keepers or { queue }) do
    pushed[each] = (pushed[each] or 0) + count
    local is_dropping = setting(each, 'on-full') == 'drop-oldest'
    if not has_room(each, is_dropping and count or pushed[each]) then
      return -1, each
    end
  end
end

-- Opens the queue. count: how many events a push adds, or nil if there is none. Returns what judge_push
-- or again() returns, or nil.
local function prepare(queue, count, pushed)
  open(queue)
  if queue.has_ghosts and not last_listed(queue) and queue.is_behind then
    return again()
  end
  if count then
    return judge_push(queue, count, pushed)
  end
end

-- Whether that group of a stream has the queue itself.
local function is_first_group(queue, group)
  return group == 'default' or redis.call('HGET', STREAM .. queue.name, 'group') == '=' .. group
end

-- Calls run with each member that a step counts down, as w of the records of events.
local function each_member(verb, from, to, run)
  if verb == 'count_down' then
    return run({ queue_at(ARGV[from]).name, ARGV[from + 1], ARGV[from + 2] })
  end
  local queue, first, step
  if verb == 'stream_ack' and is_first_group(queue_at(ARGV[from]), ARGV[from + 1]) then
    -- It is of one operation.
    queue, first, step = queue_at(ARGV[from]), from + 4, 1
  elseif verb == 'ack' or verb == 'ack_batch' then
    queue, first, step = queue_at(ARGV[from]), from + 1, 3
  end
  if not queue or not queue.has_more then
    return nil
  end
  for at = first, to, step do
    local part = more_of(queue, ARGV[at]).w
    local refusal, refusing
    if part and claim_of(queue, ARGV[at], step == 3 and ARGV[at + 1] or '') then
      refusal, refusing = run(part)
    end
    if refusal then
      return refusal, refusing
    end
  end
end

-- What judge_push returns of the events of counters that the steps from ARGV[first] to ARGV[last] bring
-- to 0 by members that are named, or claimed before.
local function judge_counters(first, last, pushed)
  local expected, at = {}, first
  local function count_one(part)
    make_counters()
    local queue = counters.expect_count(expected, part)
    if queue then
      return judge_push(queue, 1, pushed)
    end
  end
  while at <= last do
    local verb, from = ARGV[at], at + 3
    local to = from + tonumber(ARGV[at + 2]) - 1
    if verb == 'init_counter' then
      make_counters()
      local key, count = ARGV[from + 1], tonumber(ARGV[from + 2])
      counters.expect(expected, queue_at(ARGV[from]), key, count, to > from + 3)
    elseif verb == 'drop_counter' then
      make_counters()
      counters.expect_none(expected, queue_at(ARGV[from]), ARGV[from + 1])
    end
    local refusal, refusing = each_member(verb, from, to, count_one)
    if refusal then
      return refusal, refusing
    end
    at = to + 1
  end
end
