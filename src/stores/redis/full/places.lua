-- Where an event with a priority (n) or a group (G) belongs, in the hash "places": "<priority> <place>",
-- of one with a group "<priority> <rank>=<group>" with "k" before the "=" if it was claimed before; and
-- behind place or rank ":" and the tick at which it came back to a state. Place and rank (q, R) are
-- missing before it was ready. Of other events all this is in "more".
-- KEYS    of the queue: places
-- ARGV    (none)
-- Returns nothing by itself

-- The facts that stand there, if the event has such a text; v only then.
local PLACED = { G = true, R = true, k = true, n = true, q = true, v = true }

-- The text for a record, and what else is in it, each nil for nothing.
local function place_and_rest(more)
  local group, rest = more.G, nil
  if not group and not more.n then
    return nil, next(more) ~= nil and more or nil
  end
  for name, value in pairs(more) do
    if not PLACED[name] then
      rest = rest or {}
      rest[name] = value
    end
  end
  local place = more.R
  if not group then
    place = more.q
  end
  local text = string.format('%d ', more.n or 0) .. (place and string.format('%.0f', place) or '')
  if more.v then
    text = text .. string.format(':%.0f', more.v)
  end
  return group and text .. (more.k and 'k=' or '=') .. group or text, rest
end

-- Adds to a record what such a text tells.
local function read_place(more, text)
  local priority, place, since, again, group = string.match(text, '^(%-?%d+) (%-?%d*):?(%d*)(k?)(.*)$')
  more.n, more.v = tonumber(priority), tonumber(since) or more.v
  if more.n == 0 then
    more.n = nil
  end
  if group and group ~= '' then
    more.G, more.R, more.k = string.sub(group, 2), tonumber(place), again ~= '' and 1 or nil
  else
    more.q = tonumber(place)
  end
end
