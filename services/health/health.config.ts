import { z } from 'zod';
import { loadConfig, platformEnv } from '#libs/platform/config.ts';

/** Of the environment that the service asked about has as well. */
export const healthEnv = z.object({ NATS_URL: platformEnv.NATS_URL });

export interface HealthConfig {
  readonly natsUrl: string;
}

export function loadHealthConfig(env: NodeJS.ProcessEnv): HealthConfig {
  return { natsUrl: loadConfig('health', healthEnv, env).NATS_URL };
}
