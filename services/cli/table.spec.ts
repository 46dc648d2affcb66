import { describe, expect, it } from '@jest/globals';
import { countColumnUnlessZero, renderTable } from './table.ts';
import { plainStyle } from './terminal.ts';

const bold = (text: string): string => `<b>${text}</b>`;

describe('a table', () => {
  it('pads columns to their widest cell and three spaces, and no line at its end', () => {
    const table = renderTable(
      [
        { title: 'api', cells: ['a', 'long-name'] },
        { title: 'running jobs', cells: ['1', '12'] },
      ],
      plainStyle,
    );
    expect(table.split('\n')).toEqual([
      'api         running jobs',
      'a           1',
      'long-name   12',
    ]);
  });

  it('has its titles in bold, which does not count as width', () => {
    expect(renderTable([{ title: 'api', cells: ['x'] }], { bold })).toBe('<b>api</b>\nx');
  });

  it('is only its titles when there are no rows', () => {
    expect(renderTable([{ title: 'api', cells: [] }], plainStyle)).toBe('api');
  });
});

describe('a column of counts', () => {
  it('is left out when all are zero', () => {
    expect(countColumnUnlessZero('failed', [0, 0])).toEqual([]);
  });

  it('is there when one is not', () => {
    expect(countColumnUnlessZero('failed', [0, 3])).toEqual([
      { title: 'failed', cells: ['0', '3'] },
    ]);
  });
});
