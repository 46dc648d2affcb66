import { describe, expect, it } from '@jest/globals';
import { JetStreamApiError } from '@nats-io/jetstream';
import { declareTogether } from './declare-together.ts';

const refusal = (err_code: number, description: string): JetStreamApiError =>
  new JetStreamApiError({ code: 400, err_code, description });
const overlap = refusal(10065, 'subjects overlap with an existing stream');

const declareAfter = (...refusals: Error[]): Promise<string> =>
  declareTogether(async () => {
    const refused = refusals.shift();
    if (refused !== undefined) throw refused;
    return 'there';
  });

describe('declareTogether', () => {
  it('asks again when another process is making the stream', async () => {
    expect(await declareAfter(overlap)).toBe('there');
  });

  it("says so when the subjects stay another stream's", async () => {
    await expect(declareAfter(overlap, overlap, overlap, overlap, overlap)).rejects.toBe(overlap);
  });

  it('passes on at once what else the server says', async () => {
    const storage = refusal(10047, 'insufficient storage resources available');
    await expect(declareAfter(storage)).rejects.toBe(storage);
  });
});
