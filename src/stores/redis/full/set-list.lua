-- A page of the names of sets, ascending by bytes.
-- KEYS    sets
-- ARGV    after ("-" for the first page, else "(" and a name) limit
-- Returns of each set its name

verbs.set_list = function(from)
  return redis.call('ZRANGEBYLEX', SETS, ARGV[from], '+', 'LIMIT', 0, ARGV[from + 1])
end
