/** Jest with what ES modules need; specs run on the TypeScript sources. */
export const jest = (...args) => [
  'node',
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
  ...args,
];
