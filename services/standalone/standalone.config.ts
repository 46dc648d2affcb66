import { join, resolve } from 'node:path';
import { z } from 'zod';
import { type AwsChoice, awsChoiceEnv, chooseAws } from '#libs/platform/aws/aws-choice.ts';
import { type EventStoreKind, eventStoreEnv } from '#libs/event-store/event-store-config.ts';
import { loadConfig, readOnlyEnv } from '#libs/platform/config.ts';
import { StartError } from './start-error.ts';

/** `fast` survives the death of any process, `safe` also that of the machine; it costs a sync per write. */
export type Durability = 'fast' | 'safe';

const portNumber = z.coerce.number().int().min(1).max(65_535);

export const standaloneEnv = z.object({
  PORT: portNumber.default(8888).describe('Port of the gateway'),
  HOST: z.string().default('127.0.0.1').describe('Address the gateway listens on'),
  CORTEX_DATA_DIR: z.string().default('.cortex').describe('Everything npm start keeps'),
  NATS_URL: z.string().optional().describe('Use this NATS instead of starting one'),
  NATS_PORT: portNumber.default(4222).describe('Port of the NATS that npm start starts'),
  NATS_SERVER: z.string().optional().describe('Binary of nats-server that npm start starts'),
  CORTEX_DURABILITY: z
    .enum(['fast', 'safe'])
    .default('fast')
    .describe('When NATS writes to disk: fast, now and then; safe, before it answers'),
  ...eventStoreEnv,
  ...readOnlyEnv,
  ...awsChoiceEnv,
});

export interface StandaloneConfig {
  readonly port: number;
  readonly host: string;
  /** Absolute. */
  readonly dataDir: string;
  readonly nats: NatsChoice;
  readonly aws: AwsChoice;
  readonly eventStore: EventStoreKind;
  /** Start what answers about the log, and nothing that adds to it. */
  readonly isReadOnly: boolean;
}

export type NatsChoice =
  | { readonly kind: 'given'; readonly url: string }
  | {
      readonly kind: 'own';
      readonly url: string;
      readonly port: number;
      /** `null`: the one that setup found. */
      readonly binary: string | null;
      readonly durability: Durability;
    };

/** @throws StartError listing every bad variable at once, before anything has started */
export function loadStandaloneConfig(env: NodeJS.ProcessEnv): StandaloneConfig {
  const given = readEnv(env);
  return {
    port: given.PORT,
    host: given.HOST,
    dataDir: resolve(given.CORTEX_DATA_DIR),
    nats:
      given.NATS_URL === undefined
        ? {
            kind: 'own',
            url: `nats://127.0.0.1:${given.NATS_PORT}`,
            port: given.NATS_PORT,
            binary: given.NATS_SERVER ?? null,
            durability: given.CORTEX_DURABILITY,
          }
        : { kind: 'given', url: given.NATS_URL },
    aws: chooseAws(given, env),
    eventStore: given.EVENT_STORE,
    isReadOnly: given.READ_ONLY === 'true',
  };
}

function readEnv(env: NodeJS.ProcessEnv): z.infer<typeof standaloneEnv> {
  try {
    return loadConfig('npm start', standaloneEnv, env);
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

export const logFile = (dataDir: string, name: string): string =>
  join(dataDir, 'logs', `${name}.log`);

/** Where the gateway answers on this machine, also when it listens on every address. */
export function gatewayUrl({ host, port }: Pick<StandaloneConfig, 'host' | 'port'>): string {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
