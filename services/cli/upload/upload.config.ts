import { z } from 'zod';
import { type AwsChoice, awsChoiceEnv, chooseAws } from '#libs/platform/aws/aws-choice.ts';
import { type AwsConfig, awsConfig, awsEnv } from '#libs/platform/aws/aws-config.ts';
import { loadConfig } from '#libs/platform/config.ts';

export const uploadEnv = z.object({ ...awsChoiceEnv, ...awsEnv });

export interface UploadConfig {
  readonly choice: AwsChoice;
  readonly aws: AwsConfig;
}

/** @throws Error naming every bad variable */
export function loadUploadConfig(env: NodeJS.ProcessEnv): UploadConfig {
  const given = loadConfig('cortex upload', uploadEnv, env);
  return { choice: chooseAws(given, env), aws: awsConfig(given) };
}
