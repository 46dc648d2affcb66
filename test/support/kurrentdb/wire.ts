import { Metadata, type status } from '@grpc/grpc-js';
import shared from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js';
import type { StoredEvent } from './stored-log.ts';

/** What both kinds of recorded events, of reads and of persistent subscriptions, are filled in with. */
export interface RecordedMessage {
  setId(value: shared.UUID): unknown;
  setStreamIdentifier(value: shared.StreamIdentifier): unknown;
  setStreamRevision(value: string): unknown;
  setCommitPosition(value: string): unknown;
  setPreparePosition(value: string): unknown;
  setData(value: Uint8Array): unknown;
  setCustomMetadata(value: Uint8Array): unknown;
  getMetadataMap(): { set(key: string, value: string): unknown };
}

const TICKS_PER_MS = 10_000;

export function fillRecord<T extends RecordedMessage>(
  message: T,
  event: StoredEvent,
  isStructured: boolean,
): T {
  message.setId(uuidMessage(event.id, isStructured));
  message.setStreamIdentifier(streamIdentifier(event.stream));
  message.setStreamRevision(String(event.revision));
  message.setCommitPosition(String(event.position));
  message.setPreparePosition(String(event.position));
  message.setData(event.data);
  message.setCustomMetadata(event.metadata);
  const system = message.getMetadataMap();
  system.set('type', event.type);
  system.set('content-type', event.contentType);
  system.set('created', String(BigInt(event.createdMs) * BigInt(TICKS_PER_MS)));
  return message;
}

export function streamIdentifier(name: string): shared.StreamIdentifier {
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from(name));
  return identifier;
}

export const nameOf = (identifier: shared.StreamIdentifier | undefined): string =>
  Buffer.from(identifier?.getStreamName_asU8() ?? []).toString();

/** Half of a UUID travels as a signed number of 64 bits. */
const signed = (hex: string): string => String(BigInt.asIntN(64, BigInt(`0x${hex}`)));
const unsigned = (bits: string): string =>
  BigInt.asUintN(64, BigInt(bits)).toString(16).padStart(16, '0');

export function uuidMessage(id: string, isStructured: boolean): shared.UUID {
  const uuid = new shared.UUID();
  if (!isStructured) {
    uuid.setString(id);
    return uuid;
  }
  const hex = id.replaceAll('-', '');
  const structured = new shared.UUID.Structured();
  structured.setMostSignificantBits(signed(hex.slice(0, 16)));
  structured.setLeastSignificantBits(signed(hex.slice(16)));
  uuid.setStructured(structured);
  return uuid;
}

export function uuidOf(uuid: shared.UUID | undefined): string {
  const structured = uuid?.getStructured();
  if (structured === undefined) return uuid?.getString() ?? '';
  const hex =
    unsigned(structured.getMostSignificantBits()) + unsigned(structured.getLeastSignificantBits());
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** A failure as the server says it: the kind in the trailer `exception`, and what belongs to it. */
export class Failure extends Error {
  readonly metadata = new Metadata();

  constructor(
    readonly code: status,
    readonly details: string,
    trailers: Readonly<Record<string, string>> = {},
  ) {
    super(details);
    this.metadata.set('exception', details);
    for (const [name, value] of Object.entries(trailers)) this.metadata.set(name, value);
  }
}
