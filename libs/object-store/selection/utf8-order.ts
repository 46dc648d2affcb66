/**
 * Less than 0 when the UTF-8 bytes of `a` come before those of `b`, the order in which S3 lists
 * keys. UTF-16, which `<` compares by, has surrogates before U+E000 to U+FFFF; UTF-8 has them last.
 */
export function compareUtf8(a: string, b: string): number {
  const sharedLength = Math.min(a.length, b.length);
  for (let at = 0; at < sharedLength; at++) {
    const unitOfA = a.charCodeAt(at);
    const unitOfB = b.charCodeAt(at);
    if (unitOfA !== unitOfB) return rank(unitOfA) - rank(unitOfB);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
