-- Writes a key that nobody reads: it succeeds where a push would.
-- KEYS    probe
-- ARGV    (none)
-- Returns nil

-- It is gone by itself.
local PROBE_MS = 60000

verbs.probe = function()
  require_memory()
  redis.call('SET', LAYOUT .. 'probe', now(), 'PX', PROBE_MS)
  return false
end
