/** Specs run on the TypeScript sources (condition `source`), so a test never meets a stale build. */
const project = (displayName, testMatch) => ({
  displayName,
  testMatch,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'import', 'default'] },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true },
          target: 'es2023',
        },
        module: { type: 'es6' },
      },
    ],
  },
});

const code = ['libs', 'services', 'test'];

export default {
  projects: [
    // Pure code and in-memory adapters: no process is started.
    project(
      'unit',
      code.flatMap((root) => [`<rootDir>/${root}/**/!(*.int|*.e2e).spec.ts`]),
    ),
    // Adapters on a real nats-server, processes of their own.
    project(
      'int',
      code.map((root) => `<rootDir>/${root}/**/*.int.spec.ts`),
    ),
    // The whole platform through its HTTP interface.
    project('e2e', ['<rootDir>/test/e2e/**/*.e2e.spec.ts']),
    // The same while its processes are killed.
    project('chaos', ['<rootDir>/test/chaos/*.e2e.spec.ts']),
  ],
  testTimeout: 60_000,
  // Jest keeps some of every spec it ran; a new process collects garbage faster than a full one.
  workerIdleMemoryLimit: '700MB',
};
