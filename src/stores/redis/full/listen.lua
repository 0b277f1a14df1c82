-- From now on this batch reports what the transitions do and no reply tells, to the okq processes
-- whose clients listen. One message for the batch; the form of a report is in report-text.ts.
-- KEYS    (none)
-- ARGV    reports-channel
-- Returns 1 if it reports from now on

verbs.listen = function(from)
  local channel, reports = ARGV[from], {}
  -- facts: by the names that they have there, or nil.
  report = function(kind, queue, id, facts)
    local one = { kind = kind, queue = queue.name, id = id, at = now() }
    for name, fact in pairs(facts or {}) do
      one[name] = fact
    end
    reports[#reports + 1] = one
  end
  at_end[#at_end + 1] = function()
    if reports[1] then
      redis.call('PUBLISH', channel, cjson.encode(reports))
    end
  end
  return 1
end
