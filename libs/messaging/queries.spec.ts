import { describe, expect, it } from '@jest/globals';
import { healthPattern, instanceHealthPattern } from './queries.ts';

describe('the pattern of a question to one instance', () => {
  it('is below the one to whichever instance is free', () => {
    expect(instanceHealthPattern('enqueuer', 'cortex-enqueuer-7d9f8-x2x4z')).toBe(
      `${healthPattern('enqueuer')}.cortex-enqueuer-7d9f8-x2x4z`,
    );
  });

  it('is one subject of NATS, whatever the name of the machine is', () => {
    expect(instanceHealthPattern('enqueuer', 'db 1.example.com*>')).toBe(
      'cortex.health.enqueuer.db_1_example_com__',
    );
  });
});
