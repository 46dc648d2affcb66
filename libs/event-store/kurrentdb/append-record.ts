import {
  ANY,
  type AppendResult,
  type EventData,
  NO_STREAM,
  WrongExpectedVersionError,
} from '@kurrent/kurrentdb-client';
import { v4 as randomUuid } from 'uuid';
import type { Position } from '#libs/domain/platform-event.ts';
import {
  EMPTY_LANE,
  EventStoreUnavailable,
  type Fact,
  VersionConflict,
} from '../event-store.port.ts';
import type { Lane } from '../lane.ts';
import type { KurrentConnection } from './kurrent-connection.ts';
import { recordAt } from './read-records.ts';
import { recordIdOf, recordOf } from './stored-record.ts';

const requiresLeader = true;
/** Enough to keep a server busy, and little enough for its queue. */
const IN_FLIGHT_MAX = 256;

/**
 * Appends one event to a lane of which the version is known.
 *
 * The record's id is drawn for this call: an attempt that was stored but not answered is recognised
 * when it is repeated, and another call with the same fact is not, because it has to conflict.
 *
 * @throws VersionConflict
 * @throws EventStoreUnavailable
 */
export async function appendDecided(
  connection: KurrentConnection,
  { lane, fact }: { readonly lane: Lane; readonly fact: Fact },
  expectedVersion: number,
): Promise<Position> {
  const stream = connection.names.streamOf(lane);
  const event = recordOf(lane, fact, randomUuid());
  const streamState = expectedVersion === EMPTY_LANE ? NO_STREAM : BigInt(expectedVersion) - 1n;
  try {
    const { position } = await connection.ask(
      (client) => client.appendToStream(stream, event, { streamState, requiresLeader }),
      isConflict,
    );
    if (position !== undefined) return Number(position.commit);
  } catch (error) {
    if (isConflict(error)) throw new VersionConflict(stream, expectedVersion, { cause: error });
    throw error;
  }
  return positionAt(connection, stream, BigInt(expectedVersion));
}

/**
 * Records facts, each by an append of its own: a repeated append of several is idempotent only if it
 * says exactly the same again, and facts are recorded again in other groups than before.
 *
 * @throws EventStoreUnavailable
 */
export async function recordFacts(
  connection: KurrentConnection,
  lane: Lane,
  facts: readonly Fact[],
): Promise<void> {
  const stream = connection.names.streamOf(lane);
  let next = 0;
  const recordNext = async (): Promise<void> => {
    for (let fact = facts[next++]; fact !== undefined; fact = facts[next++]) {
      const event = recordOf(lane, fact, recordIdOf(fact));
      await connection.ask((client) => append(client, stream, event));
    }
  };
  await Promise.all(Array.from({ length: Math.min(IN_FLIGHT_MAX, facts.length) }, recordNext));
}

const append = (
  client: KurrentConnection['current'],
  stream: string,
  event: EventData,
): Promise<AppendResult> =>
  client.appendToStream(stream, event, { streamState: ANY, requiresLeader });

const isConflict = (error: unknown): boolean => error instanceof WrongExpectedVersionError;

/** A server may leave out the position of an append that it recognises as a repetition. */
async function positionAt(
  connection: KurrentConnection,
  stream: string,
  revision: bigint,
): Promise<Position> {
  const record = await recordAt(connection, stream, revision);
  if (record !== null) return record.position;
  throw new EventStoreUnavailable(`${stream}: appended, but not found at revision ${revision}`);
}
