-- Queues that are bound to others: see queue/bindings.ts. Among the settings of a queue "bindings" has
-- the names under which they are bound to it, packed.
-- KEYS    of the queues: all
-- ARGV    (none)
-- Returns nothing by itself

-- By queue; to be emptied when settings or bindings change.
local trees = {}

-- The tree of a queue that has bound ones, else nil: its queues, those that keep what enters
-- (keepers), and which names are in it (has). All of them are open then.
local function tree_of(queue)
  if not queue.config.bindings or trees[queue] then
    return trees[queue]
  end
  local tree = { queues = {}, keepers = {}, has = {} }
  local function add(each)
    if tree.has[each.name] then
      return
    end
    tree.has[each.name] = true
    tree.queues[#tree.queues + 1] = open(each)
    local bindings = each.config.bindings
    if not bindings or setting(each, 'bound-only') ~= 'yes' then
      tree.keepers[#tree.keepers + 1] = each
    end
    for _, name in ipairs(bindings and unpacked(bindings) or {}) do
      add(queue_named(each.name .. '@' .. name))
    end
  end
  add(queue)
  trees[queue] = tree
  return tree
end

-- The queues of its tree that keep what enters it.
local function keepers_of(queue)
  local tree = tree_of(queue)
  return tree and tree.keepers or queue.alone
end

-- All queues of its tree.
local function queues_of(queue)
  local tree = tree_of(queue)
  return tree and tree.queues or queue.alone
end

-- The first queue of its tree that is paused, or nil: whatever would enter the queue is refused.
local function paused_one(queue)
  for _, each in ipairs(queues_of(queue)) do
    if is_paused(each, 'pause:in') then
      return each
    end
  end
end

-- The first queue that has no room for a batch of so many events, so many of which are new; or nil.
-- left: a queue or nil. An event has just left it, and another one may take its place.
local function full_one(queue, events, added, left)
  for _, each in ipairs(keepers_of(queue)) do
    local is_dropping = setting(each, 'on-full') == 'drop-oldest'
    local more = each == left and added == 1 and 0 or added
    if not has_room(each, is_dropping and events or more) then
      return each
    end
  end
end

-- Whether an event of the queue itself has that id, other than a completed one.
local function has_event(queue, id)
  local all = queue.put_off
  return all and all.new[id] or redis.call('HEXISTS', queue.events, id) == 1
end

-- Whether an event of its tree has that id, other than a completed one.
local function is_in_tree(queue, id)
  for _, each in ipairs(queues_of(queue)) do
    if has_event(each, id) then
      return true
    end
  end
  return false
end

-- Calls run with each queue that keeps an event of that id which enters this one, and with whether it
-- is a copy there. facts: of its report.
local function each_keeper(queue, id, facts, run)
  for _, each in ipairs(keepers_of(queue)) do
    local is_copy = each ~= queue
    run(each, is_copy)
    if is_copy then
      tally(each, 'pushed')
      if report then
        report('pushed', each, id, facts)
      end
    end
  end
end

-- So many events more will enter the queue: there is room for them, or drop-oldest makes it.
local function make_room(queue, count)
  for _, each in ipairs(keepers_of(queue)) do
    local surplus = surplus_of(each, count)
    if surplus > 0 then
      drop_oldest(each, math.min(surplus, count + DROPPED_AT_ONCE), {}, 0)
    end
  end
end

local function is_known(queue, id)
  for _, each in ipairs(queues_of(queue)) do
    if has_event(each, id) then
      return true
    elseif each.has_completed and redis.call('ZSCORE', each.completed, id) then
      return true
    end
  end
  return is_windowed(queue, id)
end

-- An id that no event has, also no completed one, and no window: see add_one in tokens/push-made.lua.
local function new_id(queue)
  local id, left_over = made(), 1
  while is_known(queue, id) do
    take_numbers(left_over)
    id, left_over = made(), left_over * 2
  end
  return id
end
