import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { decode, encode } from '@jridgewell/sourcemap-codec';
import { build as makeBundle } from 'esbuild';

const require = createRequire(import.meta.url);

/** Node programs that are started for each job, or that somebody waits for. */
const PROGRAMS = ['worker', 'gateway', 'enqueuer', 'scheduler', 'status-projector', 'relay', 'cli'];
const WITHOUT_NEST = new Set(['worker', 'cli']);
/** Large, with native parts or files of their own, and loaded only where they are used. */
const LOADED_WHEN_USED = ['@kurrent/*', '@kubernetes/*', '@aws-sdk/*'];
/** Has to run before any class of Nest is made, so every file imports it on top. */
const METADATA = 'reflect-metadata';
/**
 * Modules of Node that it takes long to load, 15 ms of processor time and 35. Most workers have no use for
 * them, but their packages and probes ask for them on top.
 */
const BUILTINS_WHEN_USED = ['tls', 'http'];
/** CommonJS packages ask for `require`, which modules have not. The other name is one that no package uses. */
const REQUIRE =
  "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);";

/**
 * Makes a few files of each built program and its packages: to find and read hundreds takes Node longer
 * than to run them. Run as a program, by the Node that will run them: the files name what its modules have.
 */
async function bundlePrograms(root) {
  const dist = join(root, 'dist');
  const isThere = (name) => existsSync(join(dist, 'services', name, 'main.js'));
  await Promise.all(PROGRAMS.filter(isThere).map((name) => bundle(dist, name)));
}

async function bundle(dist, name) {
  const hasNest = !WITHOUT_NEST.has(name);
  const { metafile } = await makeBundle({
    absWorkingDir: dist,
    entryPoints: [`services/${name}/main.js`],
    outdir: `bundles/${name}`,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    preserveSymlinks: true, // Or the files are named for where packages really are.
    external: [...LOADED_WHEN_USED, METADATA],
    plugins: hasNest ? [optionalPackages, namedExports] : [builtinsWhenUsed],
    banner: { js: hasNest ? `import '${METADATA}'; ${REQUIRE}` : REQUIRE },
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    logLevel: 'silent',
  });
  const made = new Set(Object.keys(metafile.outputs).map((file) => join(dist, file)));
  const folder = join(dist, 'bundles', name);
  for (const file of readdirSync(folder).map((each) => join(folder, each))) {
    if (!made.has(file)) rmSync(file);
    else if (file.endsWith('.map')) forgetPackages(file);
  }
}

const ASKED = { isAsked: true };

/** Nest names packages for every transport there is; those that are not installed stay names. */
const optionalPackages = {
  name: 'optional-packages',
  setup(build) {
    build.onResolve({ filter: /^[^.#/]/ }, async ({ path, pluginData, ...place }) => {
      if (pluginData === ASKED || place.kind === 'import-statement') return null;
      const { kind, importer, resolveDir, namespace } = place;
      const question = { kind, importer, resolveDir, namespace, pluginData: ASKED };
      const { errors } = await build.resolve(path, question);
      return errors.length > 0 ? { path, external: true } : null;
    });
  },
};

/**
 * Nest imports the client of NATS when it first needs it. Of a CommonJS package that Node imports it gets
 * every member by name, of one that esbuild does only the default.
 */
const namedExports = {
  name: 'named-exports',
  setup(build) {
    build.onResolve({ filter: /^@nats-io\/transport-node$/ }, ({ path, kind, resolveDir }) =>
      kind === 'dynamic-import' ? { path, namespace: 'named', pluginData: { resolveDir } } : null,
    );
    build.onLoad({ filter: /.*/, namespace: 'named' }, ({ path, pluginData: { resolveDir } }) => {
      const names = Object.keys(createRequire(`${resolveDir}/`)(path)).join(', ');
      return { contents: `export { ${names} } from '${path}';`, resolveDir };
    });
  },
};

/** In the place of such a module one whose members load it. */
const builtinsWhenUsed = {
  name: 'builtins-when-used',
  setup(build) {
    const filter = new RegExp(`^(node:)?(${BUILTINS_WHEN_USED.join('|')})$`);
    build.onResolve({ filter }, ({ path }) => ({ path, namespace: 'when-used' }));
    build.onLoad({ filter: /.*/, namespace: 'when-used' }, ({ path }) => {
      const members = Object.keys(require(path)).map((name) => memberWhenUsed(name));
      const load = `const load = () => process.getBuiltinModule('${path}');`;
      return { contents: `${load}\nmodule.exports = {\n${members.join('')}};\n` };
    });
  },
};

const memberWhenUsed = (name) =>
  name === 'TLSSocket'
    ? // The client of NATS asks of each socket whether it is one, which all that are say themselves.
      `  TLSSocket: { [Symbol.hasInstance]: (socket) => socket?.encrypted === true },\n`
    : `  get ${name}() { return load().${name}; },\n`;

/**
 * A stack is mapped to the sources only where they are ours: in one of packages lines of the bundle are as
 * good, and their maps would be most of what there is to read.
 */
function forgetPackages(mapFile) {
  const map = JSON.parse(readFileSync(mapFile, 'utf8'));
  const isOurs = map.sources.map((source) => !source.includes('node_modules/'));
  let wasOurs = false;
  const kept = decode(map.mappings).map((line) =>
    line.flatMap(([column, source, ...place]) => {
      const [last, isNow] = [wasOurs, source !== undefined && isOurs[source]];
      wasOurs = isNow;
      if (isNow) return [[column, source, ...place.slice(0, 2)]]; // Without the names of variables.
      return last ? [[column]] : [];
    }),
  );
  writeFileSync(mapFile, JSON.stringify({ ...map, names: [], mappings: encode(kept) }));
}

await bundlePrograms(process.argv[2]);
