import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

/** The port that S3 and SQS have on this machine when nobody says; LocalStack has made it known. */
export const AWS_PORT_DEFAULT = 4566;
const LOOPBACK = '127.0.0.1';
const REGION_DEFAULT = 'us-east-1';

/** Whether to use the AWS that the environment names, or S3 and SQS on this machine. */
export const awsChoiceEnv = {
  CORTEX_AWS: z
    .enum(['auto', 'embedded', 'configured'])
    .default('auto')
    .describe('S3 and SQS on this machine, or as AWS is configured; auto: by what is configured'),
  AWS_PORT: z.coerce
    .number()
    .int()
    .min(1)
    .max(65_535)
    .default(AWS_PORT_DEFAULT)
    .describe('Port of S3 and SQS on this machine'),
};

export interface EmbeddedAws {
  readonly kind: 'embedded';
  readonly port: number;
  readonly url: string;
}

export type AwsChoice =
  | {
      readonly kind: 'configured';
      /** Where we saw that, for a person: `AWS_PROFILE is set`. */
      readonly because: string;
    }
  | EmbeddedAws;

/** Whoever sets one of these has an AWS, or something like it, in mind. A region alone says nothing. */
const TELLTALES = [
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_S3',
  'AWS_ENDPOINT_URL_SQS',
  'AWS_ACCESS_KEY_ID',
  'AWS_PROFILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
] as const;

/** What would lead somewhere else than to this machine. */
const MISLEADING: ReadonlySet<string> = new Set([
  ...TELLTALES,
  'AWS_SESSION_TOKEN',
  'AWS_DEFAULT_PROFILE',
  'AWS_ROLE_ARN',
  'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
  'AWS_USE_FIPS_ENDPOINT',
  'AWS_USE_DUALSTACK_ENDPOINT',
]);

/** @param given as a schema with `awsChoiceEnv` parsed it */
export function chooseAws(
  given: { readonly CORTEX_AWS: 'auto' | 'embedded' | 'configured'; readonly AWS_PORT: number },
  env: NodeJS.ProcessEnv,
): AwsChoice {
  const { CORTEX_AWS: wish, AWS_PORT: port } = given;
  const seen = wish === 'embedded' ? null : signOfAws(env);
  if (wish === 'configured') {
    return { kind: 'configured', because: seen ?? 'CORTEX_AWS=configured' };
  }
  return seen === null
    ? { kind: 'embedded', port, url: `http://${LOOPBACK}:${port}` }
    : { kind: 'configured', because: seen };
}

function signOfAws(env: NodeJS.ProcessEnv): string | null {
  const variable = TELLTALES.find((name) => (env[name] ?? '') !== '');
  if (variable !== undefined) return `${variable} is set`;
  const folder = join(env['HOME'] ?? homedir(), '.aws');
  const files = [
    env['AWS_SHARED_CREDENTIALS_FILE'] ?? join(folder, 'credentials'),
    env['AWS_CONFIG_FILE'] ?? join(folder, 'config'),
  ];
  const file = files.find((path) => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0);
  return file === undefined ? null : `${file} is there`;
}

/** The variables that point AWS's tools and libraries at S3 and SQS on this machine. */
export const embeddedAwsVariables = (url: string, region = REGION_DEFAULT) => ({
  AWS_ENDPOINT_URL: url,
  AWS_ACCESS_KEY_ID: 'cortex',
  AWS_SECRET_ACCESS_KEY: 'cortex',
  AWS_REGION: region,
  // The name that Python's library reads.
  AWS_DEFAULT_REGION: region,
});

/** An environment whose processes find S3 and SQS on this machine, and nothing of a real AWS. */
export function withEmbeddedAws(env: NodeJS.ProcessEnv, url: string): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !MISLEADING.has(name));
  return {
    ...Object.fromEntries(kept),
    ...embeddedAwsVariables(url, env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || REGION_DEFAULT),
    S3_FORCE_PATH_STYLE: 'true',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  };
}
