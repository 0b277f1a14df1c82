# A producer and two consumer loops of redis-rb. Arguments: port. Prints what it consumed.
require "redis"

redis = Redis.new(port: ARGV[0].to_i)
redis.lpush("mail", ["one", "two"])
redis.lpush("mail", "three")
puts "length #{redis.llen("mail")}"

while (item = redis.brpop("urgent", "mail", timeout: 1))
  puts item.join(" ")
end

replies = redis.pipelined do |pipeline|
  pipeline.rpush("work", "a")
  pipeline.rpush("work", "b")
end
puts "pipeline #{replies.inspect}"
while (job = redis.blmove("work", "doing", "LEFT", "RIGHT", timeout: 1))
  puts "doing #{redis.lrange("doing", 0, -1).inspect} #{redis.lrem("doing", 1, job)}"
end
