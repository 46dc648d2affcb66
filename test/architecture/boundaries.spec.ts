import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cruise, type Violation } from './cruise.ts';
import { root } from './source-files.ts';

const config = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {
  forbidden: { name: string; comment: string }[];
};

/** For each rule a file that breaks it, by what it imports. */
const PLANTED: Readonly<
  Record<string, { readonly file: string; readonly imports: string | null }>
> = {
  'domain-is-pure': { file: 'libs/domain/job/reads-files.ts', imports: 'node:fs' },
  'kernel-knows-no-aggregate': { file: 'libs/domain/kernel/curious.ts', imports: '../job/fine.ts' },
  'libs-do-not-know-services': {
    file: 'libs/json/upward.ts',
    imports: '../../services/worker/fine.ts',
  },
  'services-share-only-libs': { file: 'services/gateway/nosy.ts', imports: '../worker/fine.ts' },
  'slices-are-independent': {
    file: 'services/gateway/get-job/nosy.ts',
    imports: '../list-jobs/fine.ts',
  },
  'ports-not-adapters': {
    file: 'services/gateway/get-job/picky.ts',
    imports: '#libs/event-store/jetstream/fine.ts',
  },
  'adapters-are-strangers': {
    file: 'libs/event-store/in-memory/borrower.ts',
    imports: '../jetstream/fine.ts',
  },
  'nats-stays-in-adapters': { file: 'libs/json/chatty.ts', imports: '@nats-io/transport-node' },
  'aws-stays-in-adapters': { file: 'libs/json/cloudy.ts', imports: '@aws-sdk/client-s3' },
  'aws-loads-on-demand': { file: 'libs/batch-queue/eager.wiring.ts', imports: './sqs/fine.ts' },
  'kubernetes-stays-in-its-adapter': {
    file: 'libs/json/clustered.ts',
    imports: '@kubernetes/client-node',
  },
  'nest-stays-at-the-edge': { file: 'libs/json/nested.ts', imports: '@nestjs/common' },
  'no-production-to-test': { file: 'libs/json/testy.ts', imports: '../../test/support/fine.ts' },
  'no-cycles': { file: 'libs/json/circular.ts', imports: './circular.ts' },
  'no-orphans': { file: 'libs/json/unused.ts', imports: null },
  'no-undeclared-packages': { file: 'libs/json/lucky.ts', imports: 'undeclared-package' },
  'no-dev-packages-in-production': { file: 'libs/json/heavy.ts', imports: 'fast-check' },
  resolvable: { file: 'libs/json/lost.ts', imports: './nowhere.ts' },
};

const FINE = [
  'libs/batch-queue/sqs/fine.ts',
  'libs/domain/job/fine.ts',
  'libs/event-store/jetstream/fine.ts',
  'services/gateway/list-jobs/fine.ts',
  'services/worker/fine.ts',
  'test/support/fine.ts',
];

/** Packages that planted files import; their code is never looked into. */
const PACKAGES = [
  '@nats-io/transport-node',
  '@aws-sdk/client-s3',
  '@kubernetes/client-node',
  '@nestjs/common',
  'undeclared-package',
  'fast-check',
];

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function plantInto(folder: string): void {
  for (const name of ['package.json', 'tsconfig.json'])
    cpSync(join(root, name), join(folder, name));
  for (const name of FINE) write(join(folder, name), 'export const fine = 1;\n');
  for (const { file, imports } of Object.values(PLANTED)) {
    write(join(folder, file), imports === null ? 'export {};\n' : `import '${imports}';\n`);
  }
  for (const name of PACKAGES) {
    const home = join(folder, 'node_modules', name);
    write(join(home, 'package.json'), JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
    write(join(home, 'index.js'), '');
  }
}

describe('boundaries', () => {
  let folder: string;
  let violations: readonly Violation[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cortex-boundaries-'));
    plantInto(folder);
    violations = await cruise(folder);
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it('nothing in the code crosses one', async () => {
    const found = await cruise(root);
    expect(found.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`)).toEqual([]);
  });

  it.each(config.forbidden)('a planted violation is found: $name', ({ name }) => {
    const broken = violations.filter(({ rule }) => rule.name === name).map(({ from }) => from);
    expect(broken).toContain(PLANTED[name]?.file);
  });

  it('packages that stand in for the real ones are declared as the real ones are', () => {
    const { dependencies, devDependencies } = JSON.parse(
      readFileSync(join(root, 'package.json'), 'utf8'),
    ) as Record<'dependencies' | 'devDependencies', Record<string, string>>;
    expect(dependencies).toHaveProperty('@nats-io/transport-node');
    expect(dependencies).toHaveProperty('@aws-sdk/client-s3');
    expect(dependencies).toHaveProperty('@nestjs/common');
    expect(devDependencies).toHaveProperty('fast-check');
  });
});
