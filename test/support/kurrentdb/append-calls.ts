import type { ServerDuplexStream, ServerReadableStream } from '@grpc/grpc-js';
import shared from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js';
import codes from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/code_pb.js';
import statuses from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/status_pb.js';
import streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import any from 'google-protobuf/google/protobuf/any_pb.js';
import protoEmpty from 'google-protobuf/google/protobuf/empty_pb.js';
import type { AppendOutcome, ExpectedState, ProposedEvent } from './stored-log.ts';
import { nameOf, uuidOf } from './wire.ts';

/** Decides an append, now or later; `null` when nobody is to hear of it. */
export type Append = (
  stream: string,
  expected: ExpectedState,
  events: readonly ProposedEvent[],
) => Promise<AppendOutcome | 'denied' | null>;

type BatchCall = ServerDuplexStream<streams.BatchAppendReq, streams.BatchAppendResp>;
type SingleCall = ServerReadableStream<streams.AppendReq, streams.AppendResp>;

interface Pending {
  readonly options: streams.BatchAppendReq.Options;
  readonly events: ProposedEvent[];
}

/** Many appends over one call, each known by its correlation id. */
export function answerBatchAppend(call: BatchCall, append: Append): void {
  const pending = new Map<string, Pending>();
  const answer = (
    request: streams.BatchAppendReq,
    options: streams.BatchAppendReq.Options,
    outcome: AppendOutcome | 'denied' | null,
  ): void => {
    if (outcome === null || call.destroyed || call.cancelled) return;
    const response = new streams.BatchAppendResp();
    response.setCorrelationId(request.getCorrelationId());
    response.setStreamIdentifier(options.getStreamIdentifier());
    call.write(fillBatchResponse(response, batchExpected(options), outcome));
  };
  call.on('data', (request: streams.BatchAppendReq) => {
    const correlation = uuidOf(request.getCorrelationId());
    const options = request.getOptions() ?? pending.get(correlation)?.options;
    if (options === undefined) throw new Error('an append without options');
    const events = pending.get(correlation)?.events ?? [];
    events.push(...request.getProposedMessagesList().map(proposedEvent));
    pending.set(correlation, { options, events });
    if (!request.getIsFinal()) return;
    pending.delete(correlation);
    const stream = nameOf(options.getStreamIdentifier());
    void append(stream, batchExpected(options), events).then((outcome) =>
      answer(request, options, outcome),
    );
  });
  call.on('end', () => call.end());
  call.on('error', () => {});
}

/** One append, as clients send it that hold credentials of their own. */
export async function answerAppend(
  call: SingleCall,
  append: Append,
): Promise<streams.AppendResp | 'denied' | null> {
  let options: streams.AppendReq.Options | undefined;
  const events: ProposedEvent[] = [];
  for await (const request of call) {
    options ??= request.getOptions();
    const message = request.getProposedMessage();
    if (message !== undefined) events.push(proposedEvent(message));
  }
  if (options === undefined) throw new Error('an append without options');
  const expected = expectedState(options, options.hasRevision(), options.getRevision());
  const outcome = await append(nameOf(options.getStreamIdentifier()), expected, events);
  return outcome === null || outcome === 'denied' ? outcome : singleResponse(outcome);
}

const batchExpected = (options: streams.BatchAppendReq.Options): ExpectedState =>
  expectedState(options, options.hasStreamPosition(), options.getStreamPosition());

interface ProposedMessage {
  getId(): shared.UUID | undefined;
  getMetadataMap(): { get(name: string): string | undefined };
  getData_asU8(): Uint8Array;
  getCustomMetadata_asU8(): Uint8Array;
}

const proposedEvent = (message: ProposedMessage): ProposedEvent => ({
  id: uuidOf(message.getId()),
  type: message.getMetadataMap().get('type') ?? '',
  contentType: message.getMetadataMap().get('content-type') ?? '',
  data: message.getData_asU8(),
  metadata: message.getCustomMetadata_asU8(),
});

function expectedState(
  options: { hasNoStream(): boolean; hasStreamExists(): boolean },
  hasRevision: boolean,
  revision: string,
): ExpectedState {
  if (hasRevision) return BigInt(revision);
  if (options.hasNoStream()) return 'no_stream';
  return options.hasStreamExists() ? 'stream_exists' : 'any';
}

function fillBatchResponse(
  response: streams.BatchAppendResp,
  expected: ExpectedState,
  outcome: AppendOutcome | 'denied',
): streams.BatchAppendResp {
  if (outcome === 'denied') {
    return response.setError(
      statusOf(codes.Code.PERMISSION_DENIED, 'AccessDenied', new shared.AccessDenied()),
    );
  }
  if (outcome.kind === 'conflict') {
    const details = wrongExpectedVersion(expected, outcome.current);
    return response.setError(statusOf(codes.Code.ALREADY_EXISTS, 'WrongExpectedVersion', details));
  }
  const success = new streams.BatchAppendResp.Success();
  success.setCurrentRevision(String(outcome.revision));
  const position = new shared.AllStreamPosition();
  position.setCommitPosition(String(outcome.position));
  position.setPreparePosition(String(outcome.position));
  success.setPosition(position);
  return response.setSuccess(success);
}

function statusOf(
  code: codes.Code,
  name: string,
  details: { serializeBinary(): Uint8Array },
): statuses.Status {
  const packed = new any.Any();
  packed.pack(details.serializeBinary(), `event_store.client.${name}`);
  return new statuses.Status().setCode(code).setMessage(name).setDetails(packed);
}

function wrongExpectedVersion(
  expected: ExpectedState,
  current: bigint | null,
): shared.WrongExpectedVersion {
  const details = new shared.WrongExpectedVersion();
  if (current === null) details.setCurrentNoStream(new protoEmpty.Empty());
  else details.setCurrentStreamRevision(String(current));
  if (expected === 'any') details.setExpectedAny(new protoEmpty.Empty());
  else if (expected === 'no_stream') details.setExpectedNoStream(new protoEmpty.Empty());
  else if (expected === 'stream_exists') details.setExpectedStreamExists(new protoEmpty.Empty());
  else details.setExpectedStreamPosition(String(expected));
  return details;
}

function singleResponse(outcome: AppendOutcome): streams.AppendResp {
  const response = new streams.AppendResp();
  if (outcome.kind === 'conflict') {
    const wrong = new streams.AppendResp.WrongExpectedVersion();
    if (outcome.current === null) wrong.setCurrentNoStream(new shared.Empty());
    else wrong.setCurrentRevision(String(outcome.current));
    return response.setWrongExpectedVersion(wrong);
  }
  const success = new streams.AppendResp.Success();
  success.setCurrentRevision(String(outcome.revision));
  const position = new streams.AppendResp.Position();
  position.setCommitPosition(String(outcome.position));
  position.setPreparePosition(String(outcome.position));
  success.setPosition(position);
  return response.setSuccess(success);
}
