import { z } from 'zod';
import { awsChoiceEnv } from '#libs/platform/aws/aws-choice.ts';
import { loadConfig } from '#libs/platform/config.ts';
import { LOG_LEVELS, type LogLevel } from '#libs/platform/logger.ts';

export const AWS_HOST_DEFAULT = '127.0.0.1';

export const embeddedAwsEnv = z.object({
  AWS_PORT: awsChoiceEnv.AWS_PORT,
  AWS_HOST: z
    .string()
    .default(AWS_HOST_DEFAULT)
    .describe('Address that S3 and SQS of its own listen on; they look at no credentials'),
  LOG_LEVEL: z.enum(LOG_LEVELS).default('info').describe('Least severe level that is logged'),
});

export interface EmbeddedAwsConfig {
  readonly port: number;
  readonly host: string;
  readonly logLevel: LogLevel;
}

export function loadEmbeddedAwsConfig(env: NodeJS.ProcessEnv): EmbeddedAwsConfig {
  const { AWS_PORT, AWS_HOST, LOG_LEVEL } = loadConfig('aws', embeddedAwsEnv, env);
  return { port: AWS_PORT, host: AWS_HOST, logLevel: LOG_LEVEL };
}
