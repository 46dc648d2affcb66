# Prints every failure of one API: python3 failures.py my-api
import asyncio, json, os, re, sys
import nats

BAD = re.compile(r"\.(BatchFailed|BatchDeadLettered|EnqueuingFailed)\.v\d+$")

async def main(api):
    client = await nats.connect(
        os.environ.get("NATS_URL", "nats://127.0.0.1:4222"), max_reconnect_attempts=-1,
        user=os.environ.get("NATS_USER"), password=os.environ.get("NATS_PASSWORD"))
    events = await client.jetstream().pull_subscribe(
        f"cortex.events.{api}.jobs.>", durable=f"{api}-failures-py", stream="CORTEX_EVENTS")
    while True:
        try:
            messages = await events.fetch(100, timeout=5)
        except nats.errors.Error:  # Nothing for 5 s, or the server is away: ask again.
            await asyncio.sleep(0.1)
            continue
        for message in messages:
            kind, data = message.headers["ce-type"], json.loads(message.data)
            bad_end = ".JobCompleted." in kind and data["status"] != "succeeded"
            if BAD.search(kind) or bad_end:
                print(kind, json.dumps(data), flush=True)
            await message.ack()

asyncio.run(main(sys.argv[1]))
