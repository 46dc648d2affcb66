const CPU = /^(\d+(?:\.\d+)?)(m?)$/;
const QUANTITY = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?$/;

const BYTES_OF_UNIT: Readonly<Record<string, number>> = {
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
};

/** Thousandths of a core in a Kubernetes CPU quantity; `null` when it is none. */
export function millisOfCpu(quantity: string): number | null {
  const match = CPU.exec(quantity);
  if (match === null) return null;
  return match[2] === 'm' ? Number(match[1]) : Number(match[1]) * 1000;
}

/** Bytes in a Kubernetes memory quantity; `null` when it is none. */
export function bytesOfQuantity(quantity: string): number | null {
  const match = QUANTITY.exec(quantity);
  if (match === null) return null;
  return Number(match[1]) * (match[2] === undefined ? 1 : (BYTES_OF_UNIT[match[2]] ?? 1));
}
