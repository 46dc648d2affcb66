import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { RawJson, stringifyWithRaw } from './raw-json.ts';

describe('stringifyWithRaw', () => {
  it('writes raw text as it came, at any depth', () => {
    const config = new RawJson('{"b": 9007199254740993, "1": 1.10 , "a":"\\u00fc"}');
    expect(stringifyWithRaw({ jobs: [{ config }, { config: null }] })).toBe(
      '{"jobs":[{"config":{"b": 9007199254740993, "1": 1.10 , "a":"\\u00fc"}},{"config":null}]}',
    );
  });
  it('writes raw text alone', () => {
    expect(stringifyWithRaw(new RawJson('[1 ]'))).toBe('[1 ]');
  });
  it('leaves absent members out and writes absent elements as null', () => {
    expect(stringifyWithRaw({ end_time: undefined, list: [undefined, 1] })).toBe(
      '{"list":[null,1]}',
    );
  });
  it('escapes keys and text', () => {
    expect(stringifyWithRaw({ 'a"b': 'c\nd' })).toBe('{"a\\"b":"c\\nd"}');
  });
  it('is JSON.stringify where nothing is raw', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(stringifyWithRaw(value)).toBe(JSON.stringify(value));
      }),
    );
  });
});
