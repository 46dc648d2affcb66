import * as fc from 'fast-check';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** `JSON.parse` on strictly decoded UTF-8 is the judge of what is JSON. */
export function isJsonByReference(bytes: Uint8Array): boolean {
  try {
    JSON.parse(decoder.decode(bytes));
    return true;
  } catch {
    return false;
  }
}

const space = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 3 });
const anyString = fc.string({ unit: 'binary', maxLength: 12 });
const number = fc.oneof(
  fc.constantFrom('0', '-0', '9007199254740993', '1e400', '-1.5E-3', '0.10', '1e+05'),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
);
const string = fc.oneof(
  anyString.map((value) => JSON.stringify(value)),
  fc.constantFrom('"\\ud800"', '"\\u00fC\\/\\b"', '"ü€😀"', '"\u007f"', '""'),
);
/** JSON texts with white space everywhere, any number form, any escape and repeated names. */
export const { json } = fc.letrec<{ json: string; array: string; object: string }>((tie) => ({
  json: fc
    .tuple(
      space,
      fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        fc.constantFrom('null', 'true', 'false'),
        number,
        string,
        tie('array'),
        tie('object'),
      ),
      space,
    )
    .map((parts) => parts.join('')),
  array: fc
    .array(tie('json'), { maxLength: 4 })
    .chain((items) =>
      items.length > 0 ? fc.constant(`[${items.join()}]`) : space.map((inside) => `[${inside}]`),
    ),
  object: fc
    .array(fc.tuple(space, string, space, tie('json')), { maxLength: 4 })
    .map(
      (members) =>
        `{${members.map(([before, name, after, value]) => `${before}${name}${after}:${value}`).join()}}`,
    ),
}));

/** Overwrites, inserts or removes bytes: most results are no JSON any more, some still are. */
const mutation = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom('overwrite', 'insert', 'remove', 'truncate'),
  byte: fc.oneof(
    fc.nat(255),
    fc.constantFrom(...Array.from('{}[],:"\\0123456789.eE+-tfnu \n\t', (c) => c.charCodeAt(0))),
    fc.constantFrom(0x00, 0x80, 0xbf, 0xc0, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff),
  ),
});

function mutate(bytes: Uint8Array, { at, kind, byte }: { at: number; kind: string; byte: number }) {
  const copy = [...bytes];
  const index = at % (copy.length + 1);
  if (kind === 'overwrite') copy[Math.min(index, copy.length - 1)] = byte;
  if (kind === 'insert') copy.splice(index, 0, byte);
  if (kind === 'remove') copy.splice(index, 1);
  if (kind === 'truncate') copy.length = index;
  return Uint8Array.from(copy);
}

/** Bytes after one to three mutations. */
export const damaged = (texts: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(texts, fc.array(mutation, { minLength: 1, maxLength: 3 }))
    .map(([bytes, mutations]) => mutations.reduce(mutate, bytes));
