import type { StoredEvent } from './stored-log.ts';

interface Expression {
  getRegex(): string;
  getPrefixList(): string[];
}

/** A filter as reads and persistent subscriptions send it. */
export interface FilterMessage {
  getStreamIdentifier(): Expression | undefined;
  getEventType(): Expression | undefined;
}

export type EventFilter = (event: StoredEvent) => boolean;

export function eventFilter(message: FilterMessage | undefined): EventFilter {
  const ofStream = message?.getStreamIdentifier();
  const ofType = message?.getEventType();
  return (event) =>
    (ofStream === undefined || matches(ofStream, event.stream)) &&
    (ofType === undefined || matches(ofType, event.type));
}

function matches(expression: Expression, text: string): boolean {
  const prefixes = expression.getPrefixList();
  if (prefixes.length > 0) return prefixes.some((prefix) => text.startsWith(prefix));
  return new RegExp(expression.getRegex()).test(text);
}
