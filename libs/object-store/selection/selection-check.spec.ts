import { describe, expect, it } from '@jest/globals';
import type { S3Selection } from '#libs/domain/job/job.events.ts';
import { BadSelection, FileSelection } from './file-selection.ts';

const selection = (s3Paths: readonly string[], globs: Partial<S3Selection> = {}): S3Selection => ({
  s3Paths,
  includes: [],
  excludes: [],
  ...globs,
});

function problem(wanted: S3Selection): string | null {
  try {
    FileSelection.check(wanted);
    return null;
  } catch (error) {
    return error instanceof BadSelection ? `${error.code}: ${error.message}` : String(error);
  }
}

describe('checking a selection', () => {
  it('finds nothing wrong with paths and globs that are right', () => {
    const globs = { includes: ['**.{jpg,png}'], excludes: ['**/.*'] };
    expect(problem(selection(['s3://bucket', 's3://bucket/', 's3://b/k'], globs))).toBeNull();
  });

  it.each(['x', '', 's3://', 's3:///key', 'S3://bucket', 'https://bucket/key', 's3:/bucket/key'])(
    'names s3_paths for %j',
    (path) => {
      expect(problem(selection(['s3://bucket', path]))).toBe(
        `aws.invalid_s3_path: s3_paths: "${path}" is not a valid s3 path ` +
          '(e.g. s3://cortex-examples/pytorch/iris-classifier/weights.pth is a valid s3 path)',
      );
    },
  );

  it('names the list and the pattern that is wrong', () => {
    expect(problem(selection(['s3://b'], { includes: ['**.jpg', '[a'] }))).toBe(
      'glob.invalid: includes: [a: unexpected end of input',
    );
    expect(problem(selection(['s3://b'], { excludes: ['[z-a]'] }))).toBe(
      "glob.invalid: excludes: [z-a]: hi character 'a' should be greater than lo 'z'",
    );
  });

  it('refuses more patterns than can be compiled in a moment', () => {
    const includes = Array.from({ length: 70 }, () => '*'.repeat(1_000));
    expect(problem(selection(['s3://b'], { includes }))).toBe(
      'glob.invalid: includes: a list of 70 patterns: has 70069 characters in all, of 65536 allowed',
    );
  });

  it('refuses more wildcards than a service can afford', () => {
    const includes = Array.from({ length: 501 }, () => '**/*');
    expect(problem(selection(['s3://b'], { includes: includes.slice(1) }))).toBeNull();
    expect(problem(selection(['s3://b'], { includes }))).toBe(
      'glob.invalid: includes: a list of 501 patterns: has 1002 "*" and "**" in all, of 1000 allowed',
    );
  });
});
