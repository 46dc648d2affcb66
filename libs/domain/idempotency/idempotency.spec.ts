import { describe, it } from '@jest/globals';
import { jobId } from '../kernel/ids.ts';
import { specFor } from '#test/support/decider-spec.ts';
import {
  type ClaimIdempotencyKey,
  type IdempotencyKeyClaimed,
  IdempotencyKeyReused,
  idempotencyDecider,
} from './idempotency.ts';

const { given } = specFor(idempotencyDecider);
const claim = { jobId: jobId('00000000000000aa'), bodySha256: 'body' };
const claimed = (data = claim): IdempotencyKeyClaimed => ({ type: 'IdempotencyKeyClaimed', data });
const claimKey = (data = claim): ClaimIdempotencyKey => ({ type: 'ClaimIdempotencyKey', data });

describe('an idempotency key', () => {
  it('is claimed by the first job', () => {
    given().when(claimKey()).thenYields(claimed());
  });
  it('stays with the first job when the same body comes again', () => {
    given(claimed())
      .when(claimKey({ ...claim, jobId: jobId('00000000000000bb') }))
      .thenNothing();
  });
  it('refuses another body', () => {
    given(claimed())
      .when(claimKey({ ...claim, bodySha256: 'other' }))
      .thenRejected(IdempotencyKeyReused);
  });
});
