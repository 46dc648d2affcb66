import { z } from 'zod';
import { uploadEnv } from '../../services/cli/upload/upload.config.ts';
import { enqueuerEnv } from '../../services/enqueuer/enqueuer.config.ts';
import { gatewayEnv } from '../../services/gateway/gateway.config.ts';
import { healthEnv } from '../../services/health/health.config.ts';
import { relayEnv } from '../../services/relay/relay.config.ts';
import { schedulerEnv } from '../../services/scheduler/scheduler.config.ts';
import {
  ADDED_FLAGS,
  RELAY,
  SERVICES,
  type ServiceName,
} from '../../services/standalone/service-process.ts';
import { embeddedAwsEnv } from '../../services/standalone/aws/aws.config.ts';
import { standaloneEnv } from '../../services/standalone/standalone.config.ts';
import { statusProjectorEnv } from '../../services/status-projector/status-projector.config.ts';
import { workerEnv } from '../../services/worker/worker.config.ts';

type Shape = Readonly<Record<string, z.ZodType>>;

/** What each program reads, by the folder of its main.ts. */
const SETTINGS: Readonly<Record<string, Shape>> = {
  'services/gateway': gatewayEnv.shape,
  'services/enqueuer': enqueuerEnv.shape,
  'services/scheduler': schedulerEnv.shape,
  'services/status-projector': statusProjectorEnv.shape,
  'services/relay': relayEnv.shape,
  'services/worker': workerEnv.shape,
  'services/health': healthEnv.shape,
  'services/standalone': standaloneEnv.shape,
  'services/standalone/aws': embeddedAwsEnv.shape,
  'services/cli': { ...uploadEnv.shape, CORTEX_URL: z.url() },
};

/** What manifests set already and services read later; names leave this list when they do. */
const AWAITED: Readonly<Record<string, readonly string[]>> = {};

/** @returns what is awaited no more, and has to be checked like the others */
export const awaitedInVain = (): readonly string[] =>
  Object.entries(AWAITED).flatMap(([program, names]) =>
    names.filter((name) => SETTINGS[program]?.[name] !== undefined),
  );

/** Variables of Node, of glibc and of AWS's SDK, one by one: a pattern would let misspelt ones pass. */
const OF_OTHERS: ReadonlySet<string> = new Set([
  'NODE_ENV',
  'MALLOC_ARENA_MAX',
  'MALLOC_TRIM_THRESHOLD_',
  'AWS_ENDPOINT_URL',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
]);

/** Values by name; `null` when only the cluster knows it. */
export type Environment = Readonly<Record<string, string | null>>;

/** The program that arguments of `node` start, as the folder of its main.ts; `null` when none is named. */
export function programOf(args: readonly string[]): string | null {
  const main = args.map((arg) => /^dist\/(services\/.+)\/main\.js$/.exec(arg)?.[1]);
  return main.find((folder) => folder !== undefined) ?? null;
}

/** @returns for every variable that the program does not read or would refuse, what is wrong */
export function settingProblems(program: string, env: Environment): readonly string[] {
  const shape = SETTINGS[program];
  if (shape === undefined) return [`${program} is no program of ours`];
  return Object.entries(env).flatMap(([name, value]) => {
    if (OF_OTHERS.has(name) || AWAITED[program]?.includes(name) === true) return [];
    const setting = shape[name];
    if (setting === undefined) return [`${program} does not read ${name}`];
    return value === null
      ? []
      : valueProblems(setting, name, value).map((is) => `${program}: ${is}`);
  });
}

/** @returns what is wrong with Node's flags in a service's command, which are to be those of `npm start` */
export function flagProblems(args: readonly string[]): readonly string[] {
  const program = programOf(args);
  const services: readonly ServiceName[] = [...SERVICES, RELAY];
  const service = services.find((name) => program === `services/${name}`);
  if (service === undefined) return [];
  const flags = args.slice(0, args.indexOf(`dist/${program}/main.js`)).join(' ');
  const expected = (ADDED_FLAGS[service] ?? []).join(' ');
  return flags === expected ? [] : [`${program} has flags "${flags}", not "${expected}"`];
}

/** The same for a variable of no program in particular: whoever reads it has to accept it. */
export function valueProblemsAnywhere(name: string, value: string): readonly string[] {
  const settings = Object.values(SETTINGS).flatMap((shape) => shape[name] ?? []);
  return settings.flatMap((setting) => valueProblems(setting, name, value));
}

/** An empty variable counts as one that is not set. */
function valueProblems(setting: z.ZodType, name: string, value: string): readonly string[] {
  const { error } = setting.safeParse(value === '' ? undefined : value);
  return (error?.issues ?? []).map(({ message }) => `${name}=${value}: ${message}`);
}
