import { describe, expect, it } from '@jest/globals';
import { labels } from './labels.schema.ts';

describe('labels', () => {
  it.each([
    ['kueue.x-k8s.io/queue-name', 'team-a'],
    ['team', 'Search_and.Rescue-2'],
    ['team', ''],
    ['A', 'z'],
    [`${'d'.repeat(63)}.example/${'n'.repeat(63)}`, 'v'.repeat(63)],
    ['notcortex.dev/x', 'a'],
    ['example.com/job-name', 'a'],
  ])('take %s: "%s"', (key, value) => {
    expect(labels.parse({ [key]: value })).toEqual({ [key]: value });
  });

  it.each([
    ['', 'v', /is not a label/],
    ['-team', 'v', /is not a label/],
    ['team.', 'v', /is not a label/],
    ['te am', 'v', /is not a label/],
    ['n'.repeat(64), 'v', /is not a label/],
    ['a/b/c', 'v', /is not a label/],
    ['/b', 'v', /is not a label/],
    ['a/', 'v', /is not a label/],
    ['Example.com/b', 'v', /is not a label/],
    [`${'d'.repeat(254)}/b`, 'v', /is not a label/],
    ['kubernetes.io/name', 'v', /is reserved/],
    ['app.kubernetes.io/name', 'v', /is reserved/],
    ['batch.k8s.io/name', 'v', /is reserved/],
    ['cortex.dev/job-id', 'v', /is reserved/],
    ['job-name', 'v', /is reserved/],
    ['team', 'two words', /must be at most 63 .*\(got .*two words/],
    ['team', '-a', /must be at most 63/],
    ['team', 'v'.repeat(64), /must be at most 63/],
  ])('refuse %s: "%s"', (key, value, problem) => {
    expect(JSON.stringify(labels.safeParse({ [key]: value }).error?.issues)).toMatch(problem);
  });

  it('refuse a value that YAML reads as something else than text', () => {
    expect(labels.safeParse({ spot: true }).success).toBe(false);
  });
});
