-- The names under which queues are bound to a queue, see bound.lua, and how these change.
-- KEYS    of the queues: config
-- ARGV    (none)
-- Returns nothing by itself

-- The names under which queues are bound to one, in a list of its own.
local function bindings_of(queue)
  local packed = look_at(queue).config.bindings
  return packed and unpacked(packed) or {}
end

local function keep_bindings(queue, names)
  local packed = #names > 0 and cmsgpack.pack(names) or nil
  queue.config.bindings = packed
  if packed then
    redis.call('HSET', CONFIG .. queue.name, 'bindings', packed)
  else
    redis.call('HDEL', CONFIG .. queue.name, 'bindings')
  end
  trees = {}
  shrank(queue)
end

-- Whether more than BOUND_MAX queues are below one. added: bound to it, but not kept yet.
local function is_too_large(top, queue, added)
  local known, count = {}, 0
  local function add(each)
    if known[each.name] or count > BOUND_MAX + 1 then
      return
    end
    known[each.name], count = true, count + 1
    for _, name in ipairs(each == queue and added or bindings_of(each)) do
      add(queue_named(each.name .. '@' .. name))
    end
  end
  add(top)
  return count > BOUND_MAX + 1
end

-- The first queue that would have too many: see tooLarge in bindings.ts.
local function too_large(queue, added)
  for last = #queue.name, 1, -1 do
    if last == #queue.name or string.sub(queue.name, last + 1, last + 1) == '@' then
      local top = queue_named(string.sub(queue.name, 1, last))
      if is_too_large(top, queue, added) then
        return top.name
      end
    end
  end
  return nil
end
