# Adds every job that has ended to a file, once: python3 completed.py completed.ndjson
import asyncio, json, os, sys
import nats
from nats.js.api import ConsumerConfig

async def main(path):
    lines = open(path).readlines() if os.path.exists(path) else []
    position = json.loads(lines[-1])["position"] if lines else 0
    client = await nats.connect(
        os.environ.get("NATS_URL", "nats://127.0.0.1:4222"), max_reconnect_attempts=-1,
        user=os.environ.get("NATS_USER"), password=os.environ.get("NATS_PASSWORD"))
    events = await client.jetstream().pull_subscribe(
        "cortex.events.*.jobs.*.job", durable="completed-jobs-py", stream="CORTEX_EVENTS",
        config=ConsumerConfig(max_ack_pending=1, ack_wait=5))  # In order: a lower position was seen before.
    while True:
        try:
            [message] = await events.fetch(1, timeout=5)
        except nats.errors.Error:  # Nothing for 5 s, or the server is away: ask again.
            await asyncio.sleep(0.1)
            continue
        is_end = message.headers["ce-type"].startswith("dev.cortex.batch.JobCompleted.")
        if is_end and message.metadata.sequence.stream > position:
            position = message.metadata.sequence.stream
            with open(path, "a") as file:
                file.write(json.dumps({"position": position, **json.loads(message.data)}) + "\n")
        await message.ack()

asyncio.run(main(sys.argv[1]))
