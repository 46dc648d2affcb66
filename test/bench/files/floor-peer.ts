import {
  GetObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
} from '@aws-sdk/client-s3';
import { jetstreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { connect, headers } from '@nats-io/transport-node';
import { s3Client } from '#libs/platform/aws/s3-client.ts';
import { PipelinedPublisher } from '#libs/platform/nats/pipelined-publisher.ts';
import { BUCKET, LIST_BUCKET, OBJECT_KEY } from './dataset.ts';

/**
 * What the work cannot be done without, and nothing else, in a process of its own: says `ready`,
 * does what it is told in a message, and answers with the seconds it took.
 */
const STREAM = 'BENCH_FLOOR';
const SUBJECT = 'bench.floor';
const NEWLINE = 0x0a;
const MESSAGE_BYTES_MAX = 1024 * 1024;

const s3 = s3Client({ isPathStyle: true, attemptsMax: 1 });
const nats = await connect({ servers: process.env['NATS_URL'] ?? '' });
const manager = await jetstreamManager(nats);
await manager.streams.add({
  name: STREAM,
  subjects: [SUBJECT],
  retention: RetentionPolicy.Workqueue,
  storage: StorageType.File,
});
const publisher = new PipelinedPublisher(nats);
const noHeaders = headers();

/** Reads the object, finds its newlines, publishes its bytes in messages of so many lines. */
async function readAndPublish(linesPerMessage: number): Promise<void> {
  const { Body: body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: OBJECT_KEY }));
  const filling = Buffer.alloc(MESSAGE_BYTES_MAX);
  let filledBytes = 0;
  let lineCount = 0;
  let messages: { subject: string; payload: Uint8Array; headers: typeof noHeaders }[] = [];
  let sending: Promise<void> = Promise.resolve();
  const take = (): void => {
    const payload = Buffer.from(filling.subarray(0, filledBytes));
    messages.push({ subject: SUBJECT, payload, headers: noHeaders });
    filledBytes = 0;
    lineCount = 0;
  };
  for await (const chunk of body as AsyncIterable<Buffer>) {
    let start = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) {
      if (++lineCount < linesPerMessage) continue;
      filledBytes += chunk.copy(filling, filledBytes, start, at + 1);
      start = at + 1;
      take();
    }
    filledBytes += chunk.copy(filling, filledBytes, start);
    if (messages.length < 20) continue;
    // One group is on its way while the next is made, as much as bounds the memory.
    await sending;
    sending = publisher.publishAll(messages);
    messages = [];
  }
  if (filledBytes > 0) take();
  await sending;
  await publisher.publishAll(messages);
}

/** Lists all keys, a page after the other, and does nothing with them. */
async function list(): Promise<void> {
  let token: string | undefined;
  do {
    const page: ListObjectsV2CommandOutput = await s3.send(
      new ListObjectsV2Command({
        Bucket: LIST_BUCKET,
        ContinuationToken: token,
        EncodingType: 'url',
      }),
    );
    token = page.NextContinuationToken;
  } while (token !== undefined);
}

async function answer(task: { list: true } | { linesPerMessage: number }): Promise<void> {
  const startedAt = performance.now();
  await ('list' in task ? list() : readAndPublish(task.linesPerMessage));
  const seconds = (performance.now() - startedAt) / 1000;
  await manager.streams.purge(STREAM);
  process.send?.({ seconds });
}

process.on('message', (task: { list: true } | { linesPerMessage: number }) => void answer(task));
process.on('disconnect', () => process.exit());
process.send?.('ready');
