import { z } from 'zod';

/** What the log can be kept in. */
export type EventStoreKind = z.infer<typeof eventStoreEnv.EVENT_STORE>;

/** Of the services that use the log; all of one installation are given the same. */
export const eventStoreEnv = {
  EVENT_STORE: z
    .enum(['jetstream', 'kurrentdb'])
    .default('jetstream')
    .describe('What the log is kept in: the NATS there is, or KurrentDB'),
  KURRENTDB_URL: z
    .string()
    .regex(/^(kurrentdb|kurrent|kdb|esdb)(\+discover)?:\/\/./, {
      message: 'expected a connection string like kurrentdb://user:password@host:2113',
    })
    .default('kurrentdb://127.0.0.1:2113?tls=false')
    .describe('Connection string of KurrentDB; of use with EVENT_STORE=kurrentdb'),
};

export interface EventStoreConfig {
  readonly kind: EventStoreKind;
  /** Of use with KurrentDB. */
  readonly kurrentDbUrl: string;
}

/** @param env as a schema with `eventStoreEnv` parsed it */
export const eventStoreConfig = (
  env: z.infer<z.ZodObject<typeof eventStoreEnv>>,
): EventStoreConfig => ({ kind: env.EVENT_STORE, kurrentDbUrl: env.KURRENTDB_URL });
