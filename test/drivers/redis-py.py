# redis-py for the test beside it: reads one JSON request per line, [how, [[base64, ...], ...]],
# and writes one line with the replies. Bytes travel as {"bytes": base64}.
import base64
import json
import sys

import redis

client = redis.Redis(port=int(sys.argv[1]))


def shown(reply):
    if isinstance(reply, bytes):
        return {"bytes": base64.b64encode(reply).decode()}
    if isinstance(reply, Exception):
        return {"error": str(reply), "type": type(reply).__name__}
    if isinstance(reply, list):
        return [shown(element) for element in reply]
    return reply


def replies_to(how, commands):
    if how == "pipeline":
        pipeline = client.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        return pipeline.execute(raise_on_error=False)
    return [client.execute_command(*command) for command in commands]


for line in sys.stdin:
    how, encoded = json.loads(line)
    commands = [[base64.b64decode(argument) for argument in command] for command in encoded]
    named = [[name.decode(), *arguments] for name, *arguments in commands]
    try:
        answer = shown(replies_to(how, named))
    except Exception as error:
        answer = [shown(error)]
    print(json.dumps(answer), flush=True)
