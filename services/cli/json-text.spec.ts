import { describe, expect, it } from '@jest/globals';
import { indentJson, memberOf, onOneLine, pickMembers } from './json-text.ts';

describe('JSON text', () => {
  it('goes on one line without touching numbers, strings or the order of members', () => {
    const json = '{\n  "2": 9007199254740993,\r\n  "1": "a  \\n b"\n}\n';
    expect(onOneLine(json)).toBe('{"2": 9007199254740993,"1": "a  \\n b"}');
  });

  it('is indented by two spaces a level, with empty containers closed at once', () => {
    const json = '{"b":{"x":[1, {"y":null}],"e":{},"l":[]},"10":9007199254740993}';
    expect(indentJson(json)).toBe(`{
  "b": {
    "x": [
      1,
      {
        "y": null
      }
    ],
    "e": {},
    "l": []
  },
  "10": 9007199254740993
}`);
  });

  it('is indented as JSON.stringify does it', () => {
    const value = {
      text: 'a "quoted" {brace}, [bracket]: \\ and\n',
      list: [[], [[]], [{}]],
      n: -1.5,
    };
    expect(indentJson(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2));
  });

  it('gives up members as they are written', () => {
    const json = '{"config": {"id": 9007199254740993}, "other": 1, "timeout": null}';
    expect(pickMembers(json, ['timeout', 'absent', 'config'])).toBe(
      '{"timeout":null,"config":{"id": 9007199254740993}}',
    );
    expect(memberOf(json, 'config')).toBe('{"id": 9007199254740993}');
  });
});
