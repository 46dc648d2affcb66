import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chooseAws, withEmbeddedAws } from './aws-choice.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'cortex-home-'));
});
afterEach(() => rmSync(home, { recursive: true }));

const choose = (env: NodeJS.ProcessEnv, CORTEX_AWS: 'auto' | 'embedded' | 'configured' = 'auto') =>
  chooseAws({ CORTEX_AWS, AWS_PORT: 4566 }, { HOME: home, ...env });

describe('the choice of an AWS', () => {
  const embedded = { kind: 'embedded', port: 4566, url: 'http://127.0.0.1:4566' };

  it('is this machine when nothing is configured, and a region is nothing', () => {
    expect(choose({})).toEqual(embedded);
    expect(choose({ AWS_REGION: 'eu-west-1', AWS_PROFILE: '' })).toEqual(embedded);
  });

  it.each([
    'AWS_ENDPOINT_URL',
    'AWS_ENDPOINT_URL_S3',
    'AWS_ENDPOINT_URL_SQS',
    'AWS_ACCESS_KEY_ID',
    'AWS_PROFILE',
    'AWS_WEB_IDENTITY_TOKEN_FILE',
    'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
    'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  ])('is the configured one when %s is set', (name) => {
    expect(choose({ [name]: 'x' })).toEqual({ kind: 'configured', because: `${name} is set` });
  });

  it.each(['credentials', 'config'])(
    'is the configured one when ~/.aws/%s has a content',
    (name) => {
      mkdirSync(join(home, '.aws'));
      writeFileSync(join(home, '.aws', name), '');
      expect(choose({})).toEqual(embedded);
      writeFileSync(join(home, '.aws', name), '[default]\n');
      const because = `${join(home, '.aws', name)} is there`;
      expect(choose({})).toEqual({ kind: 'configured', because });
      const elsewhere = { AWS_SHARED_CREDENTIALS_FILE: '/dev/null', AWS_CONFIG_FILE: '/dev/null' };
      expect(choose(elsewhere)).toEqual(embedded);
    },
  );

  it('is what CORTEX_AWS says, whatever else is set', () => {
    expect(choose({ AWS_PROFILE: 'work' }, 'embedded')).toEqual(embedded);
    expect(choose({}, 'configured')).toMatchObject({ kind: 'configured' });
  });
});

describe('an environment for the AWS of this machine', () => {
  it('leads nowhere else', () => {
    const env = withEmbeddedAws(
      {
        PATH: '/bin',
        AWS_PROFILE: 'work',
        AWS_SESSION_TOKEN: 'secret',
        AWS_ENDPOINT_URL_S3: 'https://s3.example.com',
        AWS_ACCESS_KEY_ID: 'real',
        AWS_REGION: 'eu-west-1',
      },
      'http://127.0.0.1:4566',
    );
    expect(env).toEqual({
      PATH: '/bin',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
      AWS_ACCESS_KEY_ID: 'cortex',
      AWS_SECRET_ACCESS_KEY: 'cortex',
      AWS_REGION: 'eu-west-1',
      AWS_DEFAULT_REGION: 'eu-west-1',
      S3_FORCE_PATH_STYLE: 'true',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    });
  });
});
