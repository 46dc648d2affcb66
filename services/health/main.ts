import { hostname } from 'node:os';
import { type HealthAnswer, instanceHealthPattern } from '#libs/messaging/queries.ts';
import { NatsRequestClient } from '#libs/platform/nest/request-client.ts';
import { loadHealthConfig } from './health.config.ts';

/*
 * The health check of a container: node main.js SERVICE asks the service of this container over NATS,
 * node main.js URL asks over HTTP. Exits with 0 when the answer is that it is ready, otherwise with 1.
 */

/** Under the 5 s of compose and Kubernetes, in which a process has to start as well. */
const ANSWER_MS_MAX = 3000;

const [target] = process.argv.slice(2);
if (target === undefined) throw new Error('usage: main.js SERVICE | URL, e.g. main.js enqueuer');

const problem = await (
  URL.canParse(target) ? problemOfUrl(target) : problemOfService(target)
).catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
if (problem !== null) process.stderr.write(`${target} is not ready: ${problem}\n`);
process.exit(problem === null ? 0 : 1); // Without waiting for a NATS that cannot be reached.

async function problemOfUrl(url: string): Promise<string | null> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
  return answer.ok ? null : `status ${answer.status}, ${await answer.text()}`;
}

async function problemOfService(service: string): Promise<string | null> {
  const client = new NatsRequestClient(loadHealthConfig(process.env).natsUrl);
  const pattern = instanceHealthPattern(service, hostname());
  const { isReady, details } = await client.ask<HealthAnswer>(pattern, {}, ANSWER_MS_MAX);
  return isReady ? null : JSON.stringify(details);
}
