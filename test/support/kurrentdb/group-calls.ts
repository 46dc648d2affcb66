import { type ServerDuplexStream, type ServerUnaryCall, status } from '@grpc/grpc-js';
import groups from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/persistentsubscriptions_pb.js';
import { eventFilter } from './event-filter.ts';
import type { StoredEvent, StoredLog } from './stored-log.ts';
import { type GroupConsumer, type NackAction, SubscriptionGroup } from './subscription-group.ts';
import { Failure, fillRecord, uuidOf } from './wire.ts';

export type Groups = Map<string, SubscriptionGroup>;
type ReadCall = ServerDuplexStream<groups.ReadReq, groups.ReadResp>;

const ACTIONS: readonly NackAction[] = ['unknown', 'park', 'retry', 'skip', 'stop'];

/** @throws the failure that the server answers with */
export function createGroup(
  call: ServerUnaryCall<groups.CreateReq, groups.CreateResp>,
  known: Groups,
  log: StoredLog,
): groups.CreateResp {
  const options = call.request.getOptions();
  const name = options?.getGroupName() ?? '';
  const all = options?.getAll();
  const settings = options?.getSettings();
  if (all?.hasStart() !== true) throw new Error('groups start at the beginning of $all here');
  if (known.has(name)) {
    throw new Failure(status.ALREADY_EXISTS, 'persistent-subscription-exists', ofGroup(name));
  }
  const group = new SubscriptionGroup(log, {
    matches: eventFilter(all.getFilter()),
    maxRetryCount: settings?.getMaxRetryCount() ?? 0,
    messageTimeoutMs: settings?.getMessageTimeoutMs() ?? 0,
  });
  known.set(name, group);
  return new groups.CreateResp();
}

/** @throws the failure that the server answers with */
export function deleteGroup(name: string, known: Groups): groups.DeleteResp {
  const group = known.get(name);
  if (group === undefined) throw unknownGroup(name);
  known.delete(name);
  group.close();
  return new groups.DeleteResp();
}

/** A consumer's call: events go out, what settles them comes in. */
export function answerGroupRead(call: ReadCall, known: Groups): void {
  let group: SubscriptionGroup | undefined;
  let consumer: GroupConsumer | undefined;
  call.on('data', (request: groups.ReadReq) => {
    const options = request.getOptions();
    if (options !== undefined) {
      group = known.get(options.getGroupName());
      if (group === undefined) {
        call.emit('error', unknownGroup(options.getGroupName()));
        return;
      }
      consumer = consumerOf(call, options);
      call.write(confirmation());
      group.join(consumer);
    }
    if (group === undefined || consumer === undefined) return;
    const ack = request.getAck();
    if (ack !== undefined) group.ack(consumer, ack.getIdsList().map(uuidOf));
    const nack = request.getNack();
    if (nack === undefined) return;
    const action = ACTIONS[nack.getAction()] ?? 'unknown';
    group.nack(consumer, action, nack.getIdsList().map(uuidOf));
  });
  const leave = (): void => {
    if (consumer !== undefined) group?.leave(consumer);
    consumer = undefined;
  };
  call.on('end', () => {
    leave();
    call.end();
  });
  for (const event of ['cancelled', 'close', 'error']) call.on(event, leave);
}

function consumerOf(call: ReadCall, options: groups.ReadReq.Options): GroupConsumer {
  const isStructured = options.getUuidOption()?.hasStructured() === true;
  return {
    bufferSize: options.getBufferSize(),
    send: (event, retryCount) => call.write(eventMessage(event, retryCount, isStructured)),
    end: () => call.end(),
  };
}

function eventMessage(
  event: StoredEvent,
  retryCount: number,
  isStructured: boolean,
): groups.ReadResp {
  const read = new groups.ReadResp.ReadEvent();
  read.setEvent(fillRecord(new groups.ReadResp.ReadEvent.RecordedEvent(), event, isStructured));
  read.setCommitPosition(String(event.position));
  read.setRetryCount(retryCount);
  return new groups.ReadResp().setEvent(read);
}

function confirmation(): groups.ReadResp {
  const message = new groups.ReadResp.SubscriptionConfirmation();
  message.setSubscriptionId(crypto.randomUUID());
  return new groups.ReadResp().setSubscriptionConfirmation(message);
}

const unknownGroup = (name: string): Failure =>
  new Failure(status.NOT_FOUND, 'persistent-subscription-does-not-exist', ofGroup(name));

const ofGroup = (name: string): Readonly<Record<string, string>> => ({
  'stream-name': '$all',
  'group-name': name,
});
