-- Shows a page of the events in one state.
-- KEYS    of the queue: all
-- ARGV    queue state after limit FORWARD|REVERSE WHOLE|BARE (after: empty for the first page)
-- Returns the next after, or nil, and of each event what facts_of describes

-- So many may leave the line between two pages.
local LEAVING_MAX = 1000
-- A page ends behind so many bytes of values: they are read also where they are not shown.
local READ_BYTES_MAX = 1024 * 1024

-- Ids and scores of a sorted set behind a cursor "S <score> <id>", and whether there are more.
local function scored_page(key, after, limit, is_reverse)
  local command, ranking = 'ZRANGE', 'ZRANK'
  if is_reverse then
    command, ranking = 'ZREVRANGE', 'ZREVRANK'
  end
  local first = 0
  if after ~= '' then
    local score, id = string.match(after, '^S (%S+) (.*)$')
    local rank = redis.call(ranking, key, id)
    if rank and redis.call('ZSCORE', key, id) == score then
      first = rank + 1
    elseif is_reverse then
      first = redis.call('ZCOUNT', key, '(' .. score, '+inf')
    else
      first = redis.call('ZCOUNT', key, '-inf', '(' .. score)
    end
  end
  local page = redis.call(command, key, first, first + limit - 1, 'WITHSCORES')
  return page, redis.call('ZCARD', key) > first + limit
end

-- Where the list goes on behind a cursor "L <place> <id>": its events may have moved since. If that
-- one has gone from the list, so have those before it; or the ghosts have, and all of it is new. None
-- moves away from the right end: further to the left a new event has the same id.
local function place_behind(queue, after, is_reverse)
  local place, id = string.match(after, '^L (%d+) (.*)$')
  if not place then
    return 0
  end
  place = tonumber(place)
  local first = math.max(0, place - LEAVING_MAX)
  local last = math.min(place + (is_reverse and LEAVING_MAX or 0), redis.call('LLEN', queue.ready) - 1)
  local window, found
  if is_reverse then
    window = redis.call('LRANGE', queue.ready, first, last)
  else
    window = redis.call('LRANGE', queue.ready, -last - 1, -first - 1)
  end
  for at, each in ipairs(window) do
    local here = is_reverse and first + at - 1 or last - at + 1
    -- A ghost of the same id may stand elsewhere.
    if each == id and (not found or math.abs(here - place) < math.abs(found - place)) then
      found = here
    end
  end
  if found or is_reverse then
    return found and found + 1 or first
  end
  local index = redis.call('LPOS', queue.ready, id, 'RANK', -1, 'MAXLEN', place + 1)
  return index and redis.call('LLEN', queue.ready) - index or 0
end

-- Whether the event of that id stands at this place of the list, counted from the left. Its ghosts
-- are to the right of it.
local function is_listed(queue, id, index)
  if not queue.has_ghosts then
    return true
  end
  local state, score = state_of(queue, id)
  if state ~= 'ready' or score or not is_in_list(queue, id) then
    return false
  end
  return not has_ghost(queue, id) or redis.call('LPOS', queue.ready, id) == index
end

-- As scored_page, of the list, with "L <place>" in the place of scores. Ghosts are left out.
local function listed_page(queue, after, limit, is_reverse)
  local first, page = place_behind(queue, after, is_reverse), {}
  local ids
  if is_reverse then
    ids = redis.call('LRANGE', queue.ready, first, first + limit - 1)
  else
    ids = redis.call('LRANGE', queue.ready, -first - limit, -first - 1)
  end
  local length, last = redis.call('LLEN', queue.ready), nil
  for at = 1, #ids do
    last = ids[is_reverse and at or #ids + 1 - at]
    local place = first + at - 1
    if is_listed(queue, last, is_reverse and place or length - 1 - place) then
      page[#page + 1] = last
      page[#page + 1] = 'L ' .. place
    end
  end
  return page, length > first + limit, last and 'L ' .. (first + #ids - 1) .. ' ' .. last
end

-- The cursor in the front of an event that was moved there from the list since the last page; empty if
-- it has gone, because others may have been moved.
local function cursor_in_front(queue, after)
  local id = queue.has_front and string.match(after, '^L %d+ (.*)$')
  if not id then
    return after
  end
  local state, score = state_of(queue, id)
  local is_listed_now = state == 'ready' and not score and is_in_list(queue, id)
  if is_listed_now or has_ghost(queue, id) then
    return after
  end
  return state == 'ready' and score and 'S ' .. score .. ' ' .. id or ''
end

-- Of the ready ones without a group and with a priority of 0: the page, and the next after. The front
-- comes first.
local function middle_page(queue, after, limit)
  after = cursor_in_front(queue, after)
  local page = {}
  if string.sub(after, 1, 1) ~= 'L' then
    local is_more
    page, is_more = scored_page(queue.front, after, limit, false)
    local cursor = #page > 0 and 'S ' .. page[#page] .. ' ' .. page[#page - 1]
    if is_more or #page == 2 * limit then
      return page, (is_more or redis.call('LLEN', queue.ready) > 0) and cursor
    end
    after = ''
  end
  local listed, is_more, cursor = listed_page(queue, after, limit - #page / 2, false)
  for _, each in ipairs(listed) do
    page[#page + 1] = each
  end
  return page, is_more and cursor
end

-- As middle_page, in reverse: the front comes last.
local function middle_page_in_reverse(queue, after, limit)
  if string.find(after, '^[SF]') then
    local page, is_more = scored_page(queue.front, after == 'F' and '' or after, limit, true)
    return page, is_more and 'S ' .. page[#page] .. ' ' .. page[#page - 1]
  end
  local page, is_more, cursor = listed_page(queue, after, limit, true)
  return page, is_more and cursor or redis.call('ZCARD', queue.front) > 0 and 'F'
end

-- As middle_page, of the ids in members of a sorted set from that one on up to the last one, which is
-- not of them: A and the member is the place of each, and its cursor.
local function member_page(key, part, id_in, first, last)
  return function(after, limit, is_reverse)
    local from, to = after == '' and '[' .. first or '(' .. after, last
    if is_reverse then
      from, to = after == '' and last or '(' .. after, '[' .. first
    end
    local command = is_reverse and 'ZREVRANGEBYLEX' or 'ZRANGEBYLEX'
    local members, page = redis.call(command, key, from, to, 'LIMIT', 0, limit + 1), {}
    for at = 1, math.min(#members, limit) do
      page[2 * at - 1], page[2 * at] = id_in(members[at]), part .. members[at]
    end
    return page, #members > limit and page[2 * limit]
  end
end

-- The parts of the line, by the letters with which their cursors begin, but P.
local function parts_of(queue)
  local ranked_key, grouped_key = RANKED .. queue.name, GROUPED .. queue.name
  return {
    A = member_page(ranked_key, 'A', ranked and ranked.id_in, '0', '(1'),
    P = function(after, limit, is_reverse)
      return (is_reverse and middle_page_in_reverse or middle_page)(queue, after, limit)
    end,
    B = member_page(ranked_key, 'B', ranked and ranked.id_in, '1', '+'),
    G = member_page(grouped_key, 'G', groups and groups.id_in, '0', '+'),
  }
end

-- Of the ready ones: the page, and the next after. Those with priorities above 0 come first, then those
-- with 0, those below, and those of groups.
local function ready_page(queue, after, limit, is_reverse)
  if queue.has_groups then
    groups.settle(queue)
  end
  local parts, order, page = parts_of(queue), is_reverse and 'GBPA' or 'APBG', {}
  local letter = string.match(after, '^[ABG]') or after ~= '' and 'P' or string.sub(order, 1, 1)
  local behind = letter == 'P' and string.gsub(after, '^P$', '') or string.sub(after, 2)
  for at = string.find(order, letter), #order do
    letter = string.sub(order, at, at)
    local found, cursor = parts[letter](behind, limit - #page / 2, is_reverse)
    for _, each in ipairs(found) do
      page[#page + 1] = each
    end
    if cursor then
      return page, cursor
    elseif #page >= 2 * limit and at < #order then
      return page, string.sub(order, at + 1, at + 1)
    end
    behind = ''
  end
  return page, false
end

-- Adds what is known of the events of a page; returns behind which one it ended early, or nil.
local function add_facts(reply, queue, state, page, is_whole)
  local bytes = 0
  for at = 1, #page, 2 do
    local id, score = page[at], page[at + 1]
    local part = string.match(score, '^[LABG]')
    local facts, length = facts_of(queue, id, state, not part and score, is_whole)
    if facts then
      reply[#reply + 1] = facts
      bytes = bytes + length
    end
    if bytes >= READ_BYTES_MAX and at + 2 < #page then
      local is_member = part and part ~= 'L'
      return is_member and score or (part and score or 'S ' .. score) .. ' ' .. id
    end
  end
end

verbs.scan = function(from)
  local queue, state, after = opened_at(ARGV[from]), ARGV[from + 1], ARGV[from + 2]
  local limit, is_reverse = tonumber(ARGV[from + 3]), ARGV[from + 4] == 'REVERSE'
  local page, cursor
  if state == 'ready' then
    local may_be_elsewhere = queue.has_ranked or queue.has_groups or string.find(after, '^[ABGP]')
    local paged = is_reverse and middle_page_in_reverse or middle_page
    page, cursor = (may_be_elsewhere and ready_page or paged)(queue, after, limit, is_reverse)
  else
    local is_more
    page, is_more = scored_page(queue[state], after, limit, is_reverse)
    cursor = is_more and 'S ' .. page[#page] .. ' ' .. page[#page - 1]
  end
  local reply = { false }
  reply[1] = add_facts(reply, queue, state, page, ARGV[from + 5] == 'WHOLE') or cursor
  return reply
end
