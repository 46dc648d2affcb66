/** Who may import whom. Each comment says why, so a failing build teaches the rule. */
const test = '[.](spec|contract)[.]ts$|^test/';
const adapters = '(in-memory|jetstream|kurrentdb|sqs|s3|local-process|kubernetes)';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'domain-is-pure',
      severity: 'error',
      comment: 'libs/domain imports only itself: no npm package, no Node core, no other lib.',
      from: { path: '^libs/domain/', pathNot: test },
      to: { pathNot: '^libs/domain/' },
    },
    {
      name: 'kernel-knows-no-aggregate',
      severity: 'error',
      comment: 'The kernel is what every aggregate shares; it may not know any of them.',
      from: { path: '^libs/domain/kernel/', pathNot: test },
      to: { path: '^libs/domain/(?!kernel/)' },
    },
    {
      name: 'libs-do-not-know-services',
      severity: 'error',
      comment: 'Dependencies point inward: services -> libs -> domain.',
      from: { path: '^libs/' },
      to: { path: '^services/' },
    },
    {
      name: 'services-share-only-libs',
      severity: 'error',
      comment: 'Services meet on the wire (events, queue, documents), never by import.',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'slices-are-independent',
      severity: 'error',
      comment:
        'A use-case folder may not import a sibling use case; lift the shared part to the service or a lib.',
      from: { path: '^services/([^/]+)/([^/]+)/', pathNot: test },
      to: { path: '^services/$1/[^/]+/', pathNot: '^services/$1/$2/' },
    },
    {
      name: 'ports-not-adapters',
      severity: 'error',
      comment:
        "Only a service's module or main picks an adapter, or the wiring of a port that several services choose the same for; everyone else imports the port.",
      from: {
        pathNot: `${test}|^services/[^/]+/[^/]+[.](module|wiring)[.]ts$|^services/[^/]+/main[.]ts$|^services/worker/fetch-code/main[.]ts$|^libs/[^/]+/${adapters}/|^libs/[^/]+/[^/]+[.]wiring[.]ts$`,
      },
      to: { path: `^libs/[^/]+/${adapters}/` },
    },
    {
      name: 'adapters-are-strangers',
      severity: 'error',
      comment: 'An adapter may not reuse another adapter, or the two drift together.',
      from: { path: `^libs/([^/]+)/${adapters}/`, pathNot: test },
      to: { path: `^libs/[^/]+/${adapters}/`, pathNot: '^libs/$1/$2/' },
    },
    {
      name: 'nats-stays-in-adapters',
      severity: 'error',
      comment:
        'The vendor client is visible only to jetstream adapters, messaging and the connection.',
      from: {
        path: '^(libs|services)/',
        pathNot: `${test}|/jetstream/|^libs/platform/|^libs/messaging/`,
      },
      to: { path: 'node_modules/@nats-io/' },
    },
    {
      name: 'aws-stays-in-adapters',
      severity: 'error',
      comment:
        "AWS's client is visible only to s3 and sqs adapters, the clients' settings, and cortex upload.",
      from: {
        path: '^(libs|services)/',
        pathNot: `${test}|/(s3|sqs)/|^libs/platform/aws/|^services/cli/upload/`,
      },
      to: { path: 'node_modules/@aws-sdk/' },
    },
    {
      name: 'aws-loads-on-demand',
      severity: 'error',
      comment:
        "A wiring imports AWS's client with import() where it is chosen: it takes longer to load than a worker to start.",
      from: { path: '[.]wiring[.]ts$' },
      to: {
        path: '/(s3|sqs)/|^libs/platform/aws/[^/]+-client[.]ts$',
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'kubernetes-stays-in-its-adapter',
      severity: 'error',
      comment:
        "The cluster's client is visible only to the kubernetes adapter and, as a type, to its wiring.",
      from: {
        path: '^(libs|services)/',
        pathNot: `${test}|/kubernetes/|^services/scheduler/kubernetes[.]wiring[.]ts$`,
      },
      to: { path: 'node_modules/@kubernetes/' },
    },
    {
      name: 'nest-stays-at-the-edge',
      severity: 'error',
      comment:
        'Use cases and adapters are plain classes; Nest only wires and speaks HTTP and NATS.',
      from: {
        path: '^(libs|services)/',
        pathNot: `${test}|[.](module|controller|filter)[.]ts$|/main[.]ts$|^libs/platform/`,
      },
      to: { path: 'node_modules/@nestjs/' },
    },
    {
      name: 'no-production-to-test',
      severity: 'error',
      comment: 'Specs, contracts and test support do not ship.',
      from: { path: '^(libs|services)/', pathNot: test },
      to: { path: test },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'A cycle is one module in two files.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      comment: 'Unused: wire it or delete it.',
      from: { orphan: true, pathNot: `${test}|[.](c|m)?js$|[.]d[.]ts$|/main[.]ts$` },
      to: {},
    },
    {
      name: 'no-undeclared-packages',
      severity: 'error',
      comment: 'Works by hoisting luck; declare it.',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown'] },
    },
    {
      name: 'no-dev-packages-in-production',
      severity: 'error',
      comment: 'npm ci --omit=dev would break.',
      from: { path: '^(libs|services)/', pathNot: test },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'resolvable',
      severity: 'error',
      comment: 'The import points at nothing.',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true, // Type-only imports are design dependencies too.
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'require', 'node', 'default', 'types'],
    },
  },
};
