import type { EventStore } from '#libs/event-store/event-store.port.ts';
import type { HealthAnswer } from '#libs/messaging/queries.ts';
import { pause } from '#libs/platform/pause.ts';
import type { StatusQueries } from '../status-queries.port.ts';

const ANSWER_MS_MAX = 1000;

/** Services that a job needs to get from submission to its end. */
export const NEEDED_SERVICES = ['enqueuer', 'scheduler', 'status-projector'] as const;

/** What answers about a log that nothing is added to need. */
const READING_SERVICES = ['status-projector'] as const;

type ServiceHealth = Omit<HealthAnswer, 'service'>;

export interface Readiness {
  readonly isReady: boolean;
  readonly services: Readonly<Record<string, ServiceHealth>>;
}

/** Asks the event store and every service how they are; who does not say so in a second is not ready. */
export async function readReadiness(
  store: Pick<EventStore, 'lastPosition'>,
  queries: Pick<StatusQueries, 'health'>,
  { isReadOnly }: { readonly isReadOnly: boolean },
): Promise<Readiness> {
  const needed = isReadOnly ? READING_SERVICES : NEEDED_SERVICES;
  const checks: [string, Promise<ServiceHealth>][] = [
    ['event-store', storeHealth(store)],
    ...needed.map((name): [string, Promise<ServiceHealth>] => [
      name,
      orUnready(queries.health(name)),
    ]),
  ];
  const answers = await Promise.all(
    checks.map(async ([name, check]) => {
      const { isReady, details } = await check;
      return [name, { isReady, details }] as const;
    }),
  );
  return {
    isReady: answers.every(([, { isReady }]) => isReady),
    services: Object.fromEntries(answers),
  };
}

const storeHealth = (store: Pick<EventStore, 'lastPosition'>): Promise<ServiceHealth> =>
  orUnready(
    Promise.race([
      store.lastPosition().then((position) => ({ isReady: true, details: { position } })),
      pause(ANSWER_MS_MAX).then((): never => {
        throw new Error(`no answer in ${ANSWER_MS_MAX} ms`);
      }),
    ]),
  );

async function orUnready(answer: Promise<ServiceHealth>): Promise<ServiceHealth> {
  try {
    return await answer;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { isReady: false, details: { problem } };
  }
}
