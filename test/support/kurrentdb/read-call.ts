import type { ServerWritableStream } from '@grpc/grpc-js';
import streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import { eventFilter } from './event-filter.ts';
import type { StoredEvent, StoredLog } from './stored-log.ts';
import { fillRecord, nameOf, streamIdentifier } from './wire.ts';

type Call = ServerWritableStream<streams.ReadReq, streams.ReadResp>;
type Options = streams.ReadReq.Options;

/** Messages that may wait for the reader: far more than the 16 that Node waits for by itself. */
const AHEAD_COUNT_MAX = 1000;
const GONE = ['cancelled', 'close', 'error'] as const;

/** One read or subscription, of a stream or of `$all`, either way. */
export async function answerRead(call: Call, log: StoredLog): Promise<void> {
  const options = call.request.getOptions();
  if (options === undefined) throw new Error('a read without options');
  if (options.hasSubscription()) return subscribe(call, options, log);
  const name = nameOf(options.getStream()?.getStreamIdentifier());
  if (options.hasStream() && log.stream(name).length === 0) {
    call.write(notFound(name));
  } else {
    for (const event of selected(options, log)) {
      if (!(await send(call, eventMessage(options, event)))) return;
    }
  }
  call.end();
}

async function subscribe(call: Call, options: Options, log: StoredLog): Promise<void> {
  const confirmation = new streams.ReadResp.SubscriptionConfirmation();
  confirmation.setSubscriptionId(crypto.randomUUID());
  await send(call, new streams.ReadResp().setConfirmation(confirmation));
  const matches = eventFilter(options.getFilter());
  let isLive = false;
  for (let next = firstWanted(options, log); !call.cancelled;) {
    const event = log.all[next];
    if (event !== undefined) {
      next++;
      if (matches(event) && !(await send(call, eventMessage(options, event)))) return;
      continue;
    }
    if (!isLive)
      await send(call, new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp()));
    isLive = true;
    await appendedOrGone(call, log);
  }
}

/** Index of the first event behind the position that a subscription starts from. */
function firstWanted(options: Options, log: StoredLog): number {
  const all = options.getAll();
  if (all === undefined) throw new Error('subscriptions to one stream are not needed here');
  if (all.hasEnd()) return log.all.length;
  const position = all.getPosition();
  if (position === undefined) return 0;
  const after = BigInt(position.getCommitPosition());
  const found = log.all.findIndex((event) => event.position > after);
  return found === -1 ? log.all.length : found;
}

function selected(options: Options, log: StoredLog): Iterable<StoredEvent> {
  const count = Number(options.getCount());
  const isBackwards =
    options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS;
  const matches = eventFilter(options.getFilter());
  const name = nameOf(options.getStream()?.getStreamIdentifier());
  const source = options.hasStream() ? log.stream(name) : log.all;
  const reaches = reachOf(options, isBackwards);
  return take(
    isBackwards ? source.toReversed() : source,
    count,
    (event) => matches(event) && reaches(event),
  );
}

/** Reads include the position they start from, unlike subscriptions. */
function reachOf(options: Options, isBackwards: boolean): (event: StoredEvent) => boolean {
  const stream = options.getStream();
  const position = options.getAll()?.getPosition();
  if (stream?.hasRevision() === true) {
    const from = BigInt(stream.getRevision());
    return ({ revision }) => (isBackwards ? revision <= from : revision >= from);
  }
  if (position === undefined) return () => true;
  const from = BigInt(position.getCommitPosition());
  return (event) => (isBackwards ? event.position < from : event.position >= from);
}

function* take(
  events: readonly StoredEvent[],
  count: number,
  isWanted: (event: StoredEvent) => boolean,
): Generator<StoredEvent> {
  let left = count;
  for (const event of events) {
    if (left === 0) return;
    if (!isWanted(event)) continue;
    left--;
    yield event;
  }
}

function eventMessage(options: Options, event: StoredEvent): streams.ReadResp {
  const isStructured = options.getUuidOption()?.hasStructured() === true;
  const read = new streams.ReadResp.ReadEvent();
  read.setEvent(fillRecord(new streams.ReadResp.ReadEvent.RecordedEvent(), event, isStructured));
  read.setCommitPosition(String(event.position));
  return new streams.ReadResp().setEvent(read);
}

function notFound(name: string): streams.ReadResp {
  const missing = new streams.ReadResp.StreamNotFound();
  missing.setStreamIdentifier(streamIdentifier(name));
  return new streams.ReadResp().setStreamNotFound(missing);
}

/** @returns whether the reader is still there */
async function send(call: Call, message: streams.ReadResp): Promise<boolean> {
  if (isGone(call)) return false;
  call.write(message);
  if (call.writableLength > AHEAD_COUNT_MAX) await drainedOrGone(call);
  return !isGone(call);
}

const isGone = (call: Call): boolean => call.cancelled || call.destroyed;

const drainedOrGone = (call: Call): Promise<void> =>
  eventOrGone(call, (resolve) => {
    call.once('drain', resolve);
    return () => call.off('drain', resolve);
  });

const appendedOrGone = (call: Call, log: StoredLog): Promise<void> =>
  eventOrGone(call, (resolve) => log.onAppended(resolve));

function eventOrGone(call: Call, listen: (resolve: () => void) => () => void): Promise<void> {
  return new Promise((resolve) => {
    if (isGone(call)) return resolve();
    const done = (): void => {
      stop();
      for (const event of GONE) call.off(event, done);
      resolve();
    };
    const stop = listen(done);
    for (const event of GONE) call.once(event, done);
  });
}
