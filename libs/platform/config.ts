import { z } from 'zod';
import { LOG_LEVELS } from './logger.ts';

/** Node's timers take 24 days; above that they fire at once. */
const DURATION_MS_MAX = 86_400_000;

/** Environment variables that every service reads. */
export const platformEnv = {
  NATS_URL: z
    .string()
    .default('nats://127.0.0.1:4222')
    .describe('Address of NATS; several, separated by commas, for a cluster'),
  LOG_LEVEL: z.enum(LOG_LEVELS).default('info').describe('Least severe level that is logged'),
};

/** Of the services that can serve a log without adding to it. */
export const readOnlyEnv = {
  READ_ONLY: z
    .enum(['true', 'false'])
    .default('false')
    .describe('true: answer from the log and write nothing, also no checkpoints'),
};

/** A time that a timer can wait: whole milliseconds, at most a day. */
export const durationMs = ({ min }: { readonly min: number }): z.ZodCoercedNumber =>
  z.coerce.number().int().min(min).max(DURATION_MS_MAX);

/** Of the services that take work on a lease; all of one installation are given the same. */
export const leaseEnv = {
  LEASE_MS: durationMs({ min: 1000 })
    .default(10_000)
    .describe('How long work stays with a process that has died, in ms'),
};

/** Of the services of which one instance leads; all of one installation are given the same. */
export const leaderEnv = {
  LEADER_TTL_MS: durationMs({ min: 500 })
    .default(5000)
    .describe('How soon another instance takes over from one that has died, in ms'),
};

/**
 * Reads a service's configuration from the environment.
 *
 * @throws Error listing every bad variable at once, before anything has started
 */
export function loadConfig<Schema extends z.ZodObject>(
  service: string,
  schema: Schema,
  env: NodeJS.ProcessEnv,
): z.infer<Schema> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    (issue) =>
      `- ${issue.path.join('.')}: ${issue.message} (got ${shown(given, String(issue.path[0]))})`,
  );
  throw new Error(
    `${service} cannot start with this environment; correct these variables (see .env.example):\n${problems.join('\n')}`,
  );
}

/** Logs are no place for a secret, not even for a bad one. */
function shown(given: NodeJS.ProcessEnv, name: string): string {
  const value = given[name];
  if (value === undefined) return 'nothing';
  return /SECRET|PASSWORD/.test(name) ? 'a value that is not shown' : value;
}
