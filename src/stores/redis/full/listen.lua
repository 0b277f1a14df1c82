-- From now on this batch reports what the transitions do and no reply tells, to the okq processes
-- whose clients listen. One message for the batch; the form of a report is in report-text.ts.
-- KEYS    (none)
-- ARGV    reports-channel
-- Returns 1 if it reports from now on

verbs.listen = function(from)
  local channel, reports = ARGV[from], {}
  -- facts: pairs of header(), or nil.
  report = function(kind, queue, id, facts)
    local block = header('kind', kind) .. header('queue', queue.name) .. header('id', id)
      .. header('at', string.format('%.0f', now())) .. (facts or '')
    reports[#reports + 1] = header('', block)
  end
  at_end[#at_end + 1] = function()
    if reports[1] then
      redis.call('PUBLISH', channel, table.concat(reports))
    end
  end
  return 1
end
