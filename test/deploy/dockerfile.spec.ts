import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { validate } from 'dockerfile-utils';
import ignore from 'ignore';
import { ADDED_FLAGS, NODE_FLAGS } from '../../services/standalone/service-process.ts';
import { dockerfileText, dockerStages } from './dockerfile.ts';
import { programOf, settingProblems } from './program-settings.ts';

const root = join(import.meta.dirname, '../..');
const PRODUCTS = ['platform', 'platform-python'];

const problems = (text: string): readonly unknown[] => validate(text).map(({ message }) => message);

describe('deploy/Dockerfile', () => {
  const stages = dockerStages();
  const copied = [...stages.values()].flatMap(({ copies }) => copies);

  it('has nothing that the linter objects to', () => {
    expect(problems(dockerfileText)).toEqual([]);
    expect(problems(dockerfileText.replace('WORKDIR /app', 'WORKDIRS /app'))).not.toEqual([]);
  });

  it('copies what there is, and nothing that .dockerignore keeps out', () => {
    const sources = copied.filter(({ from }) => from === null).flatMap((copy) => copy.sources);
    expect(sources.length).toBeGreaterThan(8);
    expect(sources.filter((source) => !existsSync(join(root, source)))).toEqual([]);
    const ignored = ignore().add(readFileSync(join(root, '.dockerignore'), 'utf8'));
    expect(sources.filter((source) => ignored.ignores(source))).toEqual([]);
    for (const secret of ['.env', '.cortex/nats', '.git/config', 'node_modules/pino']) {
      expect(ignored.ignores(secret)).toBe(true);
    }
  });

  it('copies between stages only what an earlier one has', () => {
    const names = [...stages.keys()];
    const between = copied.flatMap(({ from }) => from ?? []);
    expect(new Set(between)).toEqual(new Set(['dependencies', 'build']));
    expect(between.filter((from) => names.indexOf(from) > names.indexOf('base'))).toEqual([]);
  });

  it('makes the image without Python when no target is named', () => {
    expect([...stages.keys()].at(-1)).toBe('platform');
  });

  it('stands on a Node of one version, new enough for the platform, in every stage', () => {
    const images = new Set([...stages.values()].map(({ image }) => image));
    expect(images).toEqual(new Set(['${NODE_IMAGE}']));
    const [, major = '', minor = ''] =
      /^ARG NODE_IMAGE=node:(\d+)\.(\d+)\.\d+-\w+-slim$/m.exec(dockerfileText) ?? [];
    const [least, leastMinor] = leastNode();
    expect(Number(major) * 100 + Number(minor)).toBeGreaterThanOrEqual(least * 100 + leastMinor);
  });

  it.each(PRODUCTS)('runs %s as a user with a number, who is not root', (name) => {
    expect(stages.get(name)?.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  });

  it.each(PRODUCTS)(
    'starts %s without a shell, through tini, with the flags of npm start',
    (name) => {
      expect(stages.get(name)?.entrypoint).toEqual(['tini', '--', 'node', ...NODE_FLAGS]);
      const command = stages.get(name)?.command ?? [];
      expect(command.slice(0, -1)).toEqual(ADDED_FLAGS.gateway);
      expect(programOf(command)).toBe('services/gateway');
    },
  );

  it('sets only what the gateway or the scheduler reads', () => {
    const { HOST, CORTEX_DATA_DIR, ...others } = stages.get('platform')?.env ?? {};
    expect(settingProblems('services/gateway', { HOST: HOST ?? '' })).toEqual([]);
    expect(
      settingProblems('services/scheduler', { CORTEX_DATA_DIR: CORTEX_DATA_DIR ?? '' }),
    ).toEqual([]);
    expect(others).toEqual({ NODE_ENV: 'production' });
  });

  it('labels the image with the version of the package', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(dockerfileText).toContain(`org.opencontainers.image.version="${version}"`);
  });
});

/** As setup knows it. */
function leastNode(): readonly [number, number] {
  const text = readFileSync(join(root, 'scripts/setup/dependencies.mjs'), 'utf8');
  const [, major, minor] = /NODE_MIN = \[(\d+), (\d+)\]/.exec(text) ?? [];
  return [Number(major), Number(minor)];
}
