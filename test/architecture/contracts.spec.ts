import { describe, expect, it } from '@jest/globals';
import { findContractGaps } from './contract-gaps.ts';
import { sourceFiles } from './source-files.ts';

const PORT = { path: 'libs/clock/clock.port.ts', text: 'export interface Clock {}' };
const CONTRACT = {
  path: 'libs/clock/clock.contract.ts',
  text: 'export function clockContract() {}',
};
const ADAPTER = {
  path: 'libs/clock/sundial/sundial.ts',
  text: 'class Sundial implements Clock {}',
};
const SPEC = {
  path: 'libs/clock/sundial/sundial.spec.ts',
  text: 'clockContract(() => new Sundial());',
};

describe('contract suites', () => {
  it('every port has one, and every adapter passes it', () => {
    expect(findContractGaps(sourceFiles())).toEqual([]);
  });

  it('a port without a suite is found', () => {
    expect(findContractGaps([PORT])).toEqual(['libs/clock/clock.port.ts has no clock.contract.ts']);
  });

  it('an adapter that no spec gives to the suite is found', () => {
    const gap = ['libs/clock/sundial has no spec that calls clockContract'];
    expect(findContractGaps([PORT, CONTRACT, ADAPTER])).toEqual(gap);
    expect(findContractGaps([PORT, CONTRACT, ADAPTER, { ...SPEC, text: '' }])).toEqual(gap);
    expect(findContractGaps([PORT, CONTRACT, ADAPTER, SPEC])).toEqual([]);
  });
});
