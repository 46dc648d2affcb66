import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { loadConfig } from '../config.ts';
import { awsConfig, awsEnv } from './aws-config.ts';

const configOf = (env: Record<string, string>) =>
  awsConfig(loadConfig('spec', z.object(awsEnv), env));

describe('awsConfig', () => {
  it('names buckets in the host name and tries five times unless told otherwise', () => {
    expect(configOf({})).toEqual({ isPathStyle: false, attemptsMax: 5 });
    expect(configOf({ S3_FORCE_PATH_STYLE: '', AWS_MAX_ATTEMPTS: '' })).toEqual(configOf({}));
  });

  it.each(['true', '1', 'TRUE', 'yes'])('takes S3_FORCE_PATH_STYLE=%s for yes', (value) => {
    expect(configOf({ S3_FORCE_PATH_STYLE: value }).isPathStyle).toBe(true);
  });

  it.each(['false', '0', 'no'])('takes S3_FORCE_PATH_STYLE=%s for no', (value) => {
    expect(configOf({ S3_FORCE_PATH_STYLE: value }).isPathStyle).toBe(false);
  });

  it('refuses what is neither, and naming the variable', () => {
    expect(() => configOf({ S3_FORCE_PATH_STYLE: 'maybe' })).toThrow('S3_FORCE_PATH_STYLE');
    expect(() => configOf({ AWS_MAX_ATTEMPTS: '0' })).toThrow('AWS_MAX_ATTEMPTS');
  });
});
