import { z } from 'zod';

/**
 * What AWS's SDK does not read by itself. Everything else it takes from where users of AWS keep it:
 * AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL and its _S3 and _SQS, AWS_RETRY_MODE,
 * AWS_REQUEST_CHECKSUM_CALCULATION, AWS_RESPONSE_CHECKSUM_VALIDATION, the credentials' variables,
 * ~/.aws, and the roles of containers and machines.
 */
export const awsEnv = {
  S3_FORCE_PATH_STYLE: z
    .stringbool()
    .default(false)
    .describe('Name buckets in the path, not in the host name, as most S3-compatible stores need'),
  // Of a throttled request, the fourth repetition waits 4 s on average.
  AWS_MAX_ATTEMPTS: z.coerce
    .number()
    .int()
    .min(1)
    .max(20)
    .default(5)
    .describe('How often a request to AWS is tried'),
};

export interface AwsConfig {
  readonly isPathStyle: boolean;
  readonly attemptsMax: number;
}

/** @param env as a schema with `awsEnv` parsed it */
export const awsConfig = (env: {
  readonly S3_FORCE_PATH_STYLE: boolean;
  readonly AWS_MAX_ATTEMPTS: number;
}): AwsConfig => ({ isPathStyle: env.S3_FORCE_PATH_STYLE, attemptsMax: env.AWS_MAX_ATTEMPTS });
