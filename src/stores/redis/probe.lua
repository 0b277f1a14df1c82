-- Writes something that nobody reads, to see whether a push could be written.
-- KEYS    probe
-- ARGV    (none)
-- Returns nil

verbs.probe = function()
  require_memory()
  redis.call('SET', TAG .. ':probe', now(), 'PX', PROBE_MS)
  return false
end
