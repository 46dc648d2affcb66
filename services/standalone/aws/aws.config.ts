import { z } from 'zod';
import { awsChoiceEnv } from '#libs/platform/aws/aws-choice.ts';
import { loadConfig } from '#libs/platform/config.ts';
import { LOG_LEVELS, type LogLevel } from '#libs/platform/logger.ts';

export const embeddedAwsEnv = z.object({
  AWS_PORT: awsChoiceEnv.AWS_PORT,
  LOG_LEVEL: z.enum(LOG_LEVELS).default('info').describe('Least severe level that is logged'),
});

export interface EmbeddedAwsConfig {
  readonly port: number;
  readonly logLevel: LogLevel;
}

export function loadEmbeddedAwsConfig(env: NodeJS.ProcessEnv): EmbeddedAwsConfig {
  const { AWS_PORT: port, LOG_LEVEL: logLevel } = loadConfig('aws', embeddedAwsEnv, env);
  return { port, logLevel };
}
