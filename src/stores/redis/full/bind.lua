-- Binds another queue to a queue, or ends that.
-- KEYS    queues, of the queues: config
-- ARGV    queue name BIND|UNBIND
-- Returns 1, or 0 if there was nothing to end, or a list with the queue that would have too many

verbs.bind = function(from)
  local queue, name, is_bound = opened_at(ARGV[from]), ARGV[from + 1], ARGV[from + 2] == 'BIND'
  local names, left = bindings_of(queue), {}
  for _, each in ipairs(names) do
    left[#left + 1] = each ~= name and each or nil
  end
  if is_bound and #left == #names then
    names[#names + 1] = name
    local top = too_large(queue, names)
    if top then
      return { top }
    end
    list_queue(queue)
    keep_bindings(queue, names)
  elseif not is_bound then
    if #left == #names then
      return 0
    end
    keep_bindings(queue, left)
    became_ready(queue_named(queue.name .. '@' .. name), GROUP_ENDED)
  end
  return 1
end
