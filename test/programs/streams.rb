# A producer and two consumers of a stream with redis-rb. Arguments: port. Prints what they consumed.
require "redis"

redis = Redis.new(port: ARGV[0].to_i)
2.times do
  redis.xgroup(:create, "orders", "shop", "0", mkstream: true)
  puts "created"
rescue Redis::CommandError => e
  puts e.message
end
(1..5).each { |n| redis.xadd("orders", { "order" => n, "user" => "ann" }, maxlen: 1000, approximate: true) }
puts "length #{redis.xlen("orders")}"

# A consumer that dies.
dead = redis.xreadgroup("shop", "dead", "orders", ">", count: 2)
puts "dead #{dead["orders"].map(&:last).inspect}"
pending = redis.xpending("orders", "shop")
puts "pending #{pending["size"]} #{pending["consumers"].inspect}"
redis.xpending("orders", "shop", "-", "+", 10).each do |claim|
  puts "pending #{claim["consumer"]} #{claim["count"]}"
end

# Another one takes over what it had not acknowledged.
start = "0-0"
loop do
  claimed = redis.xautoclaim("orders", "shop", "alive", 0, start, count: 1)
  claimed["entries"].each do |id, fields|
    puts "took over #{fields.inspect} #{redis.xack("orders", "shop", id)}"
  end
  start = claimed["next"]
  break if start == "0-0"
end

loop do
  entries = redis.xreadgroup("shop", "alive", "orders", ">", count: 2, block: 100)["orders"]
  break unless entries

  entries.each { |id, fields| puts "done #{fields.inspect} #{redis.xack("orders", "shop", id)}" }
end

replies = redis.pipelined do |pipeline|
  pipeline.xadd("orders", { "order" => 6 })
  pipeline.xreadgroup("shop", "alive", "orders", ">")
end
puts "pipeline #{replies[0] == replies[1]["orders"][0][0]} #{replies[1]["orders"][0][1]}"
puts "pending #{redis.xpending("orders", "shop")["size"]}"
redis.xinfo(:groups, "orders").each { |group| puts "group #{group.values_at("name", "consumers", "pending")}" }
redis.xinfo(:consumers, "orders", "shop").each { |one| puts "consumer #{one.values_at("name", "pending")}" }
