-- Does several operations of a verb of streams, one after the other.
-- KEYS    (those of the verb)
-- ARGV    verb, then for each operation how many arguments it has, the arguments
-- Returns of each operation what the verb does; shorter behind a refusal, which ends the batch, or where the reply
--         is long enough

verbs.stream_each = function(from, to)
  local verb, replies, at = verb_named(ARGV[from]), {}, from + 1
  while at <= to do
    local last = at + tonumber(ARGV[at])
    local reply = verb(at + 1, last)
    if reply == NOT_MADE then
      return #replies > 0 and replies or reply
    end
    replies[#replies + 1] = reply
    if is_refused then
      return end_refused(replies)
    elseif reply_bytes >= REPLY_BYTES_MAX then
      break
    end
    at = last + 1
  end
  return replies
end
