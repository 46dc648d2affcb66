import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);

/** Loaded only where they are used, which most workers do not. */
const LOADED_WHEN_USED = ['@kurrent/*', '@aws-sdk/*'];
/**
 * Modules of Node that it takes long to load, 15 ms of processor time and 35. Most workers have no use for
 * them, but their packages and probes ask for them on top.
 */
const BUILTINS_WHEN_USED = ['tls', 'http'];
/** CommonJS packages ask for `require`, which modules have not. */
const REQUIRE =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/**
 * Makes a few files of the built worker and its packages: to find and read hundreds takes Node longer
 * than to run them, and each worker of each job starts anew.
 */
export async function bundleWorker(root) {
  const { build } = await import('esbuild'); // Not on top: it may not be installed yet.
  const dist = join(root, 'dist');
  const { metafile } = await build({
    absWorkingDir: dist,
    entryPoints: ['services/worker/main.js'],
    outdir: 'bundles/worker',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    preserveSymlinks: true, // Or the files are named for where packages really are.
    external: LOADED_WHEN_USED,
    plugins: [builtinsWhenUsed],
    banner: { js: REQUIRE },
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    logLevel: 'silent',
  });
  const made = new Set(Object.keys(metafile.outputs).map((file) => join(dist, file)));
  const folder = join(dist, 'bundles/worker');
  for (const file of readdirSync(folder).map((name) => join(folder, name))) {
    if (!made.has(file)) rmSync(file);
    else if (file.endsWith('.map')) await forgetPackages(file);
  }
}

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
async function forgetPackages(mapFile) {
  const { decode, encode } = await import('@jridgewell/sourcemap-codec');
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
