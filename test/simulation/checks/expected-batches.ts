import type { JobPlan } from '../scenario.ts';

/** Over 2^53, with keys in no order: what a detour through numbers and objects would change. */
const itemText = (job: number, item: number): string =>
  `{"10":9007199254740993,"2":"${job}/${item}"}`;

const listText = (items: readonly string[]): string => `[${items.join()}]`;

const itemsOf = ({ number, itemCount }: JobPlan): string[] =>
  Array.from({ length: itemCount }, (_, item) => itemText(number, item));

/** The items of a job as its client sends them. */
export const itemListOf = (plan: JobPlan): Uint8Array => Buffer.from(listText(itemsOf(plan)));

/** What the handler has to be sent as the batch of that index. */
export function payloadText(plan: JobPlan, index: number): string {
  const from = index * plan.batchSizeItems;
  return listText(itemsOf(plan).slice(from, from + plan.batchSizeItems));
}
