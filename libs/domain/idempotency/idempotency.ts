import type { Command, Decider, Event } from '../kernel/decider.ts';
import { Rejection } from '../kernel/errors.ts';
import type { JobId } from '../kernel/ids.ts';

/** A submission with an `Idempotency-Key` claimed the key; the job it names is the key's only job. */
export type IdempotencyKeyClaimed = Event<
  'IdempotencyKeyClaimed',
  { readonly jobId: JobId; readonly bodySha256: string }
>;

export type ClaimIdempotencyKey = Command<
  'ClaimIdempotencyKey',
  { readonly jobId: JobId; readonly bodySha256: string }
>;

export class IdempotencyKeyReused extends Rejection {
  readonly code = 'idempotency_key.reused';
}

/** `null` while nobody has claimed the key. */
export type IdempotencyState = IdempotencyKeyClaimed['data'] | null;

export const idempotencyDecider: Decider<
  IdempotencyState,
  ClaimIdempotencyKey,
  IdempotencyKeyClaimed
> = {
  initialState: null,

  decide(claimed, { data }) {
    if (claimed === null) return [{ type: 'IdempotencyKeyClaimed', data }];
    if (claimed.bodySha256 === data.bodySha256) return [];
    throw new IdempotencyKeyReused(
      'this Idempotency-Key was used before with another request body; use a new key for a new job',
    );
  },

  evolve: (_claimed, { data }) => data,
};
