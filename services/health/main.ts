import { hostname } from 'node:os';
import { type HealthAnswer, instanceHealthPattern } from '#libs/messaging/queries.ts';
import { NatsRequestClient } from '#libs/platform/nest/request-client.ts';
import { loadHealthConfig } from './health.config.ts';

/*
 * For health checks of containers whose service speaks no HTTP: node main.js SERVICE asks the one of this
 * container over NATS and exits with 0 when it says that it is ready, otherwise with 1.
 */

/** Under the time that compose and Kubernetes give it; it has just started a process as well. */
const ANSWER_MS_MAX = 3000;

const [service] = process.argv.slice(2);
if (service === undefined) throw new Error('usage: main.js SERVICE, e.g. main.js enqueuer');
const client = new NatsRequestClient(loadHealthConfig(process.env).natsUrl);

const problem = await client
  .ask<HealthAnswer>(instanceHealthPattern(service, hostname()), {}, ANSWER_MS_MAX)
  .then(
    ({ isReady, details }) => (isReady ? null : JSON.stringify(details)),
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
if (problem !== null) process.stderr.write(`${service} is not ready: ${problem}\n`);
process.exit(problem === null ? 0 : 1); // Without waiting for a server that cannot be reached.
