# redis-py for the test beside it: reads lines of JSON, [how, [[argument, ...], ...]], and writes a
# line with the replies for each.
import json
import sys

import redis

okq = redis.Redis(port=int(sys.argv[1]), decode_responses=True)


def shown(reply):
    if isinstance(reply, Exception):
        return {"error": str(reply)}
    if isinstance(reply, list):
        return [shown(element) for element in reply]
    return reply


for line in sys.stdin:
    how, commands = json.loads(line)
    steps = okq.pipeline(transaction=how == "transaction")
    for command in commands:
        steps.execute_command(*command)
    try:
        answer = steps.execute(raise_on_error=False)
    except redis.RedisError as error:
        answer = error
    print(json.dumps(shown(answer)), flush=True)
