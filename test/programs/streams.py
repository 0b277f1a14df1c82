# A producer and two consumers of a stream with redis-py. Arguments: port. Prints what they consumed.
# https://redis.io/docs/latest/develop/data-types/streams/
import sys
import redis

client = redis.Redis(port=int(sys.argv[1]), decode_responses=True)


def create_group():
    try:
        client.xgroup_create("orders", "shop", id="0", mkstream=True)
        print("created")
    except redis.ResponseError as error:
        print(error)


create_group()
create_group()
for n in range(1, 6):
    client.xadd("orders", {"order": n, "user": "ann"}, maxlen=1000, approximate=True)
print("length", client.xlen("orders"))

# A consumer that dies.
for stream, entries in client.xreadgroup("shop", "dead", {"orders": ">"}, count=2):
    print("dead", stream, [fields for _, fields in entries])
pending = client.xpending("orders", "shop")
print("pending", pending["pending"], pending["consumers"])
for claim in client.xpending_range("orders", "shop", min="-", max="+", count=10):
    print("pending", claim["consumer"], claim["times_delivered"])

# Another one takes over what it had not acknowledged.
start = "0-0"
while True:
    start, entries = client.xautoclaim("orders", "shop", "alive", 0, start_id=start, count=1)[:2]
    for id, fields in entries:
        print("took over", fields, client.xack("orders", "shop", id))
    if start == "0-0":
        break

# First what it had not acknowledged itself, then what is new.
last = "0-0"
while True:
    replies = client.xreadgroup("shop", "alive", {"orders": last}, count=2, block=100)
    if not replies:
        break
    entries = replies[0][1]
    if not entries:
        last = ">"
    for id, fields in entries:
        print("done", fields, client.xack("orders", "shop", id))

with client.pipeline() as pipeline:
    pipeline.xadd("orders", {"order": 6})
    pipeline.xreadgroup("shop", "alive", {"orders": ">"})
    added, [[_, [[id, fields]]]] = pipeline.execute()
    print("pipeline", added == id, fields)
print("pending", client.xpending("orders", "shop")["pending"])
group = client.xinfo_groups("orders")[0]
print("group", group["name"], group["consumers"], group["pending"])
print("consumers", [(each["name"], each["pending"]) for each in client.xinfo_consumers("orders", "shop")])
