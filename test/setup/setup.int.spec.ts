import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decode } from '@jridgewell/sourcemap-codec';

const checkout = join(import.meta.dirname, '../..');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cortex-setup-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}

const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const isThere = (name: string): boolean => existsSync(join(folder, name));

describe('the build of setup', () => {
  let build: { ensureBuild(root: string): Promise<void>; isBuilt(root: string): boolean };

  beforeEach(async () => {
    build = (await import(join(checkout, 'scripts/setup/build.mjs'))) as typeof build;
    symlinkSync(join(checkout, 'node_modules'), join(folder, 'node_modules'));
    write('package.json', '{ "type": "module" }');
    write('package-lock.json', '{}');
    write('tsconfig.json', '{ "compilerOptions": { "module": "nodenext", "strict": true } }');
    write(
      'tsconfig.build.json',
      '{ "extends": "./tsconfig.json", "compilerOptions": { "outDir": "dist", "rootDir": ".", "sourceMap": true }, "include": ["libs", "services"] }',
    );
    write('libs/one.ts', 'export const one = 1;\n');
    write(
      'services/worker/main.ts',
      "import { createColors } from 'picocolors';\nimport { one } from '../../libs/one.js';\nconsole.log(createColors(false).red(one));\n",
    );
    write('services/worker/runner.py', 'print(1)\n');
    write('services/worker/README.md', 'About it.\n');
    await build.ensureBuild(folder);
  });

  it('compiles sources, copies what is no source, and leaves documents out', () => {
    expect(read('dist/libs/one.js')).toContain('one = 1');
    expect(read('dist/services/worker/runner.py')).toBe('print(1)\n');
    expect(isThere('dist/services/worker/README.md')).toBe(false);
  });

  it('bundles the worker with what it imports, and maps only our own code', async () => {
    const bundled = 'dist/bundles/worker/main.js';
    expect(execFileSync(process.execPath, [join(folder, bundled)]).toString()).toBe('1\n');

    const map = JSON.parse(read(`${bundled}.map`)) as { mappings: string; sources: string[] };
    const mapped = decode(map.mappings)
      .flat()
      .flatMap(([, source]) => map.sources[source ?? -1] ?? []);
    expect(new Set(mapped)).toEqual(
      new Set(['../../../libs/one.ts', '../../../services/worker/main.ts']),
    );
  });

  it('has a bundle load what is slow to load when it is used, and not before', async () => {
    write(
      'libs/node.d.ts',
      `declare module 'node:http' { export const METHODS: string[] }
      declare const process: { moduleLoadList: string[] };\n`,
    );
    write(
      'services/worker/main.ts',
      `import { METHODS } from 'node:http';
      const isLoaded = () => process.moduleLoadList.includes('NativeModule http');
      console.log(isLoaded(), METHODS.includes('GET'), isLoaded());\n`,
    );
    await build.ensureBuild(folder);
    const bundled = join(folder, 'dist/bundles/worker/main.js');
    expect(execFileSync(process.execPath, [bundled]).toString()).toBe('false true true\n');
  });

  it('bundles services, which import packages by name that may not be there', async () => {
    write(
      'services/gateway/main.js',
      `const { connect } = await import('@nats-io/transport-node');
      const missing = await import('no-such-package').catch(({ code }) => code);
      console.log(typeof connect, missing);\n`,
    );
    await build.ensureBuild(folder);
    const bundled = join(folder, 'dist/bundles/gateway/main.js');
    expect(execFileSync(process.execPath, [bundled]).toString()).toBe(
      'function ERR_MODULE_NOT_FOUND\n',
    );
  });

  it('does nothing while nothing has changed', async () => {
    write('dist/libs/one.js', 'untouched');
    await build.ensureBuild(folder);
    expect(read('dist/libs/one.js')).toBe('untouched');
  });

  it.each([
    ['libs/one.ts', 'export const one = 11;\n', 'dist/libs/one.js', 'one = 11'],
    ['services/worker/runner.py', 'print(22)\n', 'dist/services/worker/runner.py', 'print(22)'],
  ])('builds again when %s has changed', async (source, text, built, expected) => {
    write(source, text);
    expect(build.isBuilt(folder)).toBe(false);
    await build.ensureBuild(folder);
    expect(read(built)).toContain(expected);
    expect(build.isBuilt(folder)).toBe(true);
  });

  it('removes what was built from a source that is gone', async () => {
    write('libs/two.ts', 'export const two = 2;\n');
    await build.ensureBuild(folder);
    rmSync(join(folder, 'libs/two.ts'));
    await build.ensureBuild(folder);
    expect(isThere('dist/libs/two.js')).toBe(false);
    expect(isThere('dist/libs/one.js')).toBe(true);
  });

  it('is not taken for done when a source does not compile', async () => {
    write('libs/one.ts', 'export const one: string = 1;\n');
    await expect(build.ensureBuild(folder)).rejects.toThrow(/libs\/one\.ts.*TS2322/s);
    expect(build.isBuilt(folder)).toBe(false);
  });
});

describe('nats-server from an official release', () => {
  type Install = (options: object) => Promise<string>;
  let installFromRelease: Install;
  let server: Server;
  let files: Map<string, Buffer>;
  let releases: string;
  let archive: string;

  beforeEach(async () => {
    const sources = (await import(join(checkout, 'scripts/setup/nats-server-sources.mjs'))) as {
      installFromRelease: Install;
      releaseArchive(): string;
    };
    installFromRelease = sources.installFromRelease;
    archive = sources.releaseArchive();
    files = new Map();
    server = createServer((request, response) => {
      const content = files.get((request.url ?? '').split('/').at(-1) ?? '');
      response.writeHead(content === undefined ? 404 : 200).end(content);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    releases = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    const bytes = packed();
    const sum = createHash('sha256').update(bytes).digest('hex');
    files.set(archive, bytes);
    files.set('SHA256SUMS', Buffer.from(`${'0'.repeat(64)}  other.zip\n${sum}  ${archive}\n`));
  });
  afterEach(() => {
    server.close();
  });

  /** An archive like the official one, with a script for a server. */
  function packed(): Buffer {
    const name = archive.replace('.tar.gz', '');
    write(`${name}/nats-server`, '#!/bin/sh\necho "nats-server: v2.15.2"\n');
    execFileSync('tar', ['-czf', 'packed.tar.gz', name], { cwd: folder });
    return readFileSync(join(folder, 'packed.tar.gz'));
  }

  const install = (): Promise<string> =>
    installFromRelease({ binDir: folder, announce: () => {}, releases });

  it('is unpacked and can be run', async () => {
    const binary = await install();
    expect(execFileSync(binary, { encoding: 'utf8' })).toContain('v2.15.2');
  });

  it('is refused when its checksum is not the published one', async () => {
    files.set(archive, Buffer.concat([files.get(archive) ?? Buffer.alloc(0), Buffer.from('x')]));
    await expect(install()).rejects.toThrow('it was thrown away');
    expect(isThere('nats-server')).toBe(false);
  });

  it('is refused when the release does not list it, or is not there', async () => {
    files.set('SHA256SUMS', Buffer.from('0  other.zip\n'));
    await expect(install()).rejects.toThrow('does not list');
    files.delete('SHA256SUMS');
    await expect(install()).rejects.toThrow('status 404');
  });
});
