# A producer and two consumer loops of redis-py. Arguments: port. Prints what it consumed.
import sys
import redis

client = redis.Redis(port=int(sys.argv[1]), decode_responses=True)
client.lpush("mail", "one", "two")
client.lpush("mail", "three")
print("length", client.llen("mail"))

# At most once: https://redis.io/docs/latest/commands/brpop/
while True:
    item = client.brpop(["urgent", "mail"], timeout=1)
    if item is None:
        break
    print(item[0], item[1])

# The reliable queue: https://redis.io/docs/latest/commands/lmove/
with client.pipeline() as pipeline:
    pipeline.rpush("work", "a")
    pipeline.rpush("work", "b")
    print("pipeline", pipeline.execute())
while True:
    job = client.blmove("work", "doing", 1, "LEFT", "RIGHT")
    if job is None:
        break
    print("doing", client.lrange("doing", 0, -1), client.lrem("doing", 1, job))
