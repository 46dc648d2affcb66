import type { DeadLetters } from '#libs/client/gateway-documents.ts';
import type { Style } from '../terminal.ts';
import { renderTable } from '../table.ts';

/** The answer to `cortex dead-letters`: a line for each batch. */
export function deadLettersPage(
  { dead_letters: letters, has_more: hasMore }: DeadLetters,
  style: Pick<Style, 'bold'>,
): string {
  if (letters.length === 0) return 'no dead letters';
  const table = renderTable(
    [
      { title: 'batch', cells: letters.map(({ index }) => String(index)) },
      { title: 'attempts', cells: letters.map(({ attempt }) => String(attempt)) },
      { title: 'items', cells: letters.map(({ item_count: count }) => String(count ?? '-')) },
      { title: 'reason', cells: letters.map(({ reason }) => onOneLine(reason.message)) },
    ],
    style,
  );
  return hasMore ? `${table}\n… and more behind them` : table;
}

/** Handlers may put anything into a reason. */
const onOneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
