# Sends every job that has ended to a URL: python3 bridge.py https://example.com/hook
import asyncio, os, sys, urllib.request
import nats

def post(url, message):
    headers = {name: value for name, value in message.headers.items() if name.startswith("ce-")}
    headers["content-type"] = headers["ce-datacontenttype"]
    urllib.request.urlopen(urllib.request.Request(url, message.data, headers), timeout=10).close()

async def main(url):
    client = await nats.connect(
        os.environ.get("NATS_URL", "nats://127.0.0.1:4222"), max_reconnect_attempts=-1,
        user=os.environ.get("NATS_USER"), password=os.environ.get("NATS_PASSWORD"))
    events = await client.jetstream().pull_subscribe(
        "cortex.events.*.jobs.*.job", durable="bridge-py", stream="CORTEX_EVENTS")
    while True:
        try:
            messages = await events.fetch(1, timeout=5)
        except nats.errors.Error:  # Nothing for 5 s, or the server is away: ask again.
            await asyncio.sleep(0.1)
            continue
        for message in messages:
            try:
                if ".JobCompleted." in message.headers["ce-type"]:
                    await asyncio.to_thread(post, url, message)
                await message.ack()
            except OSError:  # No answer, or one that is not 2xx.
                await message.nak(delay=2)  # Offered again in 2 s, with the same ce-id.

asyncio.run(main(sys.argv[1]))
